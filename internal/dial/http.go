// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"io"
	"net"
	"time"
)

// httpWithin bounds speaksHTTP.
const httpWithin = time.Second

// isHTTP is the cause of a failed connection with a server that speaksHTTP.
const isHTTP = "it is an HTTP server, such as the one of tamtamd's --http: give the address that tamtamd has as --rpc"

// speaksHTTP reports whether the server at an address speaks HTTP/1 without TLS. It sends nothing
// but a request for the head of the first page.
func speaksHTTP(address string) bool {
	conn, err := net.DialTimeout("tcp", address, httpWithin)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(httpWithin))
	if _, err := io.WriteString(conn, "HEAD / HTTP/1.0\r\n\r\n"); err != nil {
		return false
	}
	const begin = "HTTP/"
	answer := make([]byte, len(begin))
	_, err = io.ReadFull(conn, answer)
	return err == nil && string(answer) == begin
}
