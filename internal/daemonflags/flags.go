// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package daemonflags is tamtamd's command line: the flags, their defaults, and the
// ranges of their values. It does not depend on the daemon, so that the client, which
// can share the configuration file, knows the names.
package daemonflags

import (
	"flag"
	"net/netip"
	"time"
	"unicode"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Flags are tamtamd's flags, each also a TAMTAM_* variable and a YAML key.
type Flags struct {
	Bind              netip.Addr // invalid: chosen; unspecified only with Advertise
	Port              uint16     // 0: any free one
	Advertise         Advertise
	Iface             string
	IPv6              bool
	Name              string // "": the host's
	Tags              tags.Set
	Profile           string        // LAN, WAN or Local
	Heartbeat         time.Duration // 0 until Check sets the profile's
	MinPing           time.Duration // 0 until Check sets the profile's
	MaxPayload        int
	Multicast         bool
	MulticastAddress  netip.Addr // invalid: Smudge's default
	MulticastInterval time.Duration
	MulticastPort     uint16
	ClusterName       string
	KeyringFile       string // "": nothing is encrypted, unless KeyringEnv is set
	OperatorKey       string // "": every member may remove others and change keys
	Encrypt           string // "": EncryptRequire with a keyring, else EncryptOff
	RPC               []netaddr.RPC
	RPCGuard          RPCGuard
	Config            string
	NoBanner          bool
	Verbose           bool
	Trace             bool
	Join              []string
	Allow             netaddr.Networks // none: everybody may be a member
	Plain             bool
	ReconnectTimeout  time.Duration
	StateDir          string // "": nothing is kept
	LogFormat         string
	LogLevel          string // one of LogLevels
	Keep              int    // messages
	KeepBytes         int
	HTTP              string // "": nothing is served
	HTTPInsecure      bool
	DNS               string // "": nothing is served
	DNSInsecure       bool
}

// Register defines the flags in fs. Parsing fs fills in the returned Flags; call Check
// after it.
func Register(fs *flag.FlagSet) *Flags {
	f := &Flags{}
	fs.Var(addrValue{&f.Bind}, "bind", "`IP` address to gossip on, which also identifies this node to others; 0.0.0.0 or :: for all addresses, only with --advertise (default: the address of the default route, else of an interface that is up, rather not one to containers, else loopback)")
	f.Port = 9999
	fs.Var(portValue{&f.Port, true}, "port", "UDP `port` to gossip on; 0 for any free one")
	fs.Var(advertiseValue{&f.Advertise}, "advertise", "`address` at which others reach this node, if it differs from the bound one, as behind NAT or in a container: an IP, a host name, which is resolved once, at the start, or the name of a network interface, with a port or without (default: the bound address; without a port, the bound port)")
	fs.StringVar(&f.Iface, "iface", "", "gossip on the first usable address of the network interface `name`")
	fs.BoolVar(&f.IPv6, "ipv6", false, "choose an IPv6 address to gossip on")
	fs.Var(nameValue{&f.Name, limits.MaxName, unprintable}, "name", "`name` of this node, 1 to 128 bytes; need not be unique; scripts must quote other characters than A-Z a-z 0-9 . _ - (default: the host's, with - for other characters)")
	fs.Var(tagValue{&f.Tags}, "tag", "tag `key=value` that this node advertises, such as role=web; repeatable and comma separated; in the file, also a list or a mapping, whose values may have commas; 512 bytes and 32 tags at most")
	f.Profile = LAN
	fs.Var(choiceValue{&f.Profile, profileNames()}, "profile", "`kind` of network: lan, wan, or local for one machine; sets the defaults of --heartbeat and --min-ping")
	fs.Var(durationValue{p: &f.Heartbeat, unit: time.Millisecond, min: limits.MinHeartbeat, max: limits.MaxHeartbeat, unset: profiles[0].heartbeat}, "heartbeat",
		"probe interval: `time` between two pings, 20ms to 1m; a bare number is milliseconds; "+inOthers(func(p profile) time.Duration { return p.heartbeat }))
	fs.Var(durationValue{p: &f.MinPing, unit: time.Millisecond, min: limits.MinProbeTimeout, max: limits.MaxProbeTimeout, unset: profiles[0].minPing}, "min-ping",
		"probe timeout: `time` to wait for an answer to a ping before indirect probes, 20ms to 1m; a bare number is milliseconds; "+inOthers(func(p profile) time.Duration { return p.minPing }))
	f.MaxPayload = 256
	fs.Var(intValue{&f.MaxPayload, 1, limits.MaxPayload}, "max", "maximum `bytes` of a broadcast payload, 1 to 65536; the smallest limit among all members applies; plain Smudge nodes get up to 1024, and drop payloads over their own limit, 256 by default")
	f.Keep = 4096
	fs.Var(intValue{&f.Keep, 0, limits.MaxKeep}, "keep", "maximum number of `messages` to keep for late readers and for members that missed them, 0 to 1048576")
	f.KeepBytes = limits.KeepBytes
	fs.Var(intValue{&f.KeepBytes, 0, limits.MaxKeepBytes}, "keep-bytes", "maximum `bytes` of the kept messages, including 256 for each message, 0 to 1073741824")
	fs.BoolVar(&f.Multicast, "multicast", false, "announce this node by multicast, and contact nodes that do")
	fs.Var(groupValue{&f.MulticastAddress}, "multicast-address", "multicast `IP` to announce on (default: 224.0.0.0, or ff02::1 with IPv6)")
	f.MulticastInterval = 10 * time.Second
	fs.Var(durationValue{p: &f.MulticastInterval, unit: time.Second, min: limits.MinMulticastInterval, max: limits.MaxMulticastInterval, zero: true}, "multicast-interval", "`time` between two announcements, 1s to 1h; a bare number is seconds; 0 announces only once, at the start")
	f.MulticastPort = 9998
	fs.Var(portValue{&f.MulticastPort, false}, "multicast-port", "UDP `port` to announce on")
	f.ClusterName = "smudge"
	fs.Var(nameValue{&f.ClusterName, limits.MaxCluster, unicode.IsControl}, "cluster", "`name` of the cluster; a node ignores announcements of other clusters; plain Smudge nodes use smudge; --clustername, the name of this flag in the tamtam of 2018, still works")
	fs.Var(fileValue{&f.KeyringFile}, "keyring-file", "`file` with the keys that encrypt all gossip, one per line, 32 bytes in base64; the first key encrypts, all keys decrypt; no other user may read it, and keys install, use and remove write it (default: none, gossip is not encrypted)")
	fs.Var(fileValue{&f.OperatorKey}, "operator-key", "`file` with the public keys of the operators, one per line, as tamtamctl operator generate writes them; members are then removed, and keys changed, only if one of them has signed it (default: none, every member may)")
	fs.Var(choiceValue{&f.Encrypt, Encryptions}, "encrypt", "`mode` of encryption of a node with a keyring: off ignores the keyring; accept sends in clear and accepts both; send encrypts and accepts both; require encrypts and accepts only encrypted packets (default: require with a keyring, else off)")
	f.registerRPC(fs)
	fs.StringVar(&f.Config, "config", "", "YAML `file` with the names of flags as keys; empty for none (default: the first that exists of tamtam/tamtam.yaml in the user's configuration directory, $HOME/.tamtam.yaml and /etc/tamtam/tamtam.yaml)")
	fs.BoolVar(&f.NoBanner, "nobanner", false, "print no banner, even on a terminal")
	fs.BoolVar(&f.Verbose, "verbose", false, "as --log-level debug: log one line per message, too")
	fs.BoolVar(&f.Trace, "trace", false, "like --verbose, plus the Smudge library's own lines")
	fs.Var(joinValue{&f.Join}, "join", "`address` of a node to join, IP or host name, with a port or the port of --port; repeatable and comma separated; the node retries it until it answers")
	fs.Var(allowValue{&f.Allow}, "allow", "`network` whose nodes may be members, such as 192.0.2.0/24, or one IP address; repeatable and comma separated; packets from other addresses are dropped, those of 127.0.0.1 and ::1 too unless listed; this node's own address must be in one of them (default: all addresses)")
	fs.BoolVar(&f.Plain, "plain", false, "let plain Smudge nodes, and agents of the tamtam of 2018, be members, too: anybody can then speak for them; has no effect if packets must be encrypted")
	f.ReconnectTimeout = 24 * time.Hour
	fs.Var(durationValue{p: &f.ReconnectTimeout, unit: time.Second, min: limits.MinReconnectTimeout, max: limits.MaxReconnectTimeout}, "reconnect-timeout", "`time` to keep and retry members that are dead or have left, 1s to 8760h; a bare number is seconds")
	fs.StringVar(&f.StateDir, "state-dir", "", "`directory` for the addresses of known members, so that this node rejoins its cluster after a restart without --join (default: none, nothing is kept)")
	registerHTTP(fs, f)
	registerDNS(fs, f)
	f.LogFormat = "logfmt"
	fs.Var(choiceValue{&f.LogFormat, []string{"logfmt", "json"}}, "log-format", "`format` of log lines: logfmt or json")
	f.LogLevel = LogInfo
	fs.Var(choiceValue{&f.LogLevel, LogLevels}, "log-level", "least severe `level` of lines to log: debug, info, warn or error")
	return f
}

// The values of --log-level.
const (
	LogDebug = "debug"
	LogInfo  = "info"
	LogWarn  = "warn"
	LogError = "error"
)

// LogLevels are the values of --log-level, from most lines to least.
var LogLevels = []string{LogDebug, LogInfo, LogWarn, LogError}

// Short returns the one-letter names of flags, by letter.
func Short() map[string]string {
	return map[string]string{"b": "bind", "p": "port", "i": "iface", "6": "ipv6"}
}

// Names returns the names of all flags, sorted.
func Names() []string {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	Register(fs)
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, f.Name) })
	return names
}

// Long describes tamtamd, for help and documentation.
const Long = `No flag is required. Each flag can also be a TAMTAM_* variable (--log-format is
TAMTAM_LOG_FORMAT) or a key of the YAML file that --config names. Only TAMTAM_KEYRING
has no flag: it holds the contents of --keyring-file, with commas instead of line ends.

The daemon leaves gracefully and ends at SIGTERM or SIGINT; a second signal ends it at
once. At SIGHUP it reads the file again, applies changes where it can, and logs the
changes that need a restart. --check reads the flags, the variables, the file and all
files that they name, prints ok or what is wrong, and ends; it can run beside a daemon.
--version prints the version. Exit codes: 0 ended by a signal, 1 failed, 2 wrong usage or
a --check that failed, 3 left its cluster as a caller asked for.

  tamtamd
  tamtamd --bind 192.0.2.10 --join seed-1.example,seed-2.example
  TAMTAM_JOIN=seed.example TAMTAM_LOG_FORMAT=json tamtamd`
