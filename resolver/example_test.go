// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package resolver_test

import (
	"fmt"
	"log"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/resolver"
)

func Example() {
	conn, err := grpc.NewClient("tamtam:///?tag=role=web&port=8080",
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.Target())
	// Output: tamtam:///?tag=role=web&port=8080
}

func ExampleNew() {
	// With a daemon that is not the one of the environment.
	daemon := resolver.New(tamtam.WithoutEnvironment(), tamtam.WithAddress("unix:///run/tamtam/rpc.sock"))
	conn, err := grpc.NewClient("tamtam:///?name=web-*&port-tag=grpc",
		grpc.WithResolvers(daemon),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
}
