// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package sentence has the findings that doctor shares with the alerts of Prometheus and with the
// daemon, so that one fault has the same words everywhere. The parts that vary are texts: an
// alert puts its templates there.
package sentence

import "fmt"

// Sentence is what was found at a member, and the remedy.
type Sentence struct{ Found, Do string }

// NoDaemon is of an address at which no daemon answers; give is the address to correct if it runs.
func NoDaemon(address, why, give string) Sentence {
	return Sentence{
		fmt.Sprintf("no tamtamd answers at %s: %s", address, why),
		"start tamtamd, look in its log for the reason it ended, or give " + give,
	}
}

// Removed is of a node that was removed from its cluster; join is the command that brings it back.
func Removed(by, at, join string) Sentence {
	return Sentence{
		fmt.Sprintf("this node was removed from the cluster by %s at %s; it is alone", by, at),
		fmt.Sprintf("if that was a mistake, run %s here, or join this node's address at a member", join),
	}
}

// Dead is of a dead member.
func Dead(member string) Sentence {
	return Sentence{
		"it is DEAD",
		fmt.Sprintf("start its tamtamd, or let UDP through: tamtamctl ping %[1]s; tamtamctl why %[1]s shows who reported "+
			"it dead; if it is gone for good, tamtamctl remove %[1]s", member),
	}
}

// NoneJoined is what is wrong with a node that has joined none of its seeds.
const NoneJoined = "it has joined none of its seeds"

// NoSeed is of a node that has joined none of its seeds, and advertises address.
func NoSeed(address string) Sentence {
	return Sentence{
		"it is not ready: " + NoneJoined,
		fmt.Sprintf("its log names the seeds; check that their tamtamd runs, that UDP passes to them and back to %s, and that "+
			"--cluster and the keys are the same: compare tamtamctl keys list on both", address),
	}
}

// Alone is of a node without other members, which advertises address.
func Alone(address string) Sentence {
	return Sentence{
		"this node knows no other member",
		fmt.Sprintf("tamtamctl join the address of another; if none answers, check whether others can send UDP to %s, "+
			"which this node advertises: see --advertise", address),
	}
}

// Flapping is of a member that comes and goes.
func Flapping(member string) Sentence {
	return Sentence{
		"it came or went more than a few times in the last minute",
		fmt.Sprintf("tamtamctl why %s shows each change; check whether its tamtamd restarts again and again, its machine "+
			"is overloaded, or its network fails at times", member),
	}
}

// Loss is of frames to a member and from it, or only from it, that are lost. A share is such as "5 % of 100".
func Loss(to, from string) Sentence {
	found := fmt.Sprintf("%s frames to it are lost, %s frames from it", to, from)
	if to == "" {
		found = from + " frames from it are lost"
	}
	return Sentence{
		found + ", in the last one to two minutes",
		"look for a bad cable, a wireless link, a full queue or an overloaded machine between them; lost frames are " +
			"retransmitted, so everything works, but more slowly",
	}
}

// Views is of a member that lists other live members than another; missing is a member to join.
func Views(listed, other, missing string) Sentence {
	return Sentence{
		fmt.Sprintf("it lists %s members as live, %s, and they are not the same", listed, other),
		fmt.Sprintf("look again: a change takes a moment to spread (tamtamctl watch); if it persists, tamtamctl join %s", missing),
	}
}
