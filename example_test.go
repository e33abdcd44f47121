// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/eelcocramer/tamtam"
)

// The examples run against a daemon that is simulated; its address is in TAMTAM_RPC. See fake_test.go.

func Example() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx) // TAMTAM_RPC, or the file, or localhost:6262
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	members, err := client.Members(ctx, nil, tamtam.Alive)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range members {
		fmt.Println(m.GetName(), m.GetAddress())
	}
	// Output:
	// db-1 192.0.2.1:9999
	// web-1 192.0.2.2:9999
}

func ExampleDial() {
	client, err := tamtam.Dial(context.Background(), tamtam.WithAddress("127.0.0.1:1"), tamtam.WithTimeout(time.Minute))
	if errors.Is(err, tamtam.ErrUnreachable) {
		fmt.Println("there is no daemon")
		return
	}
	defer client.Close()
	// Output: there is no daemon
}

func ExampleDial_lazy() {
	// A program that may start before its daemon: Watch waits for it.
	client, err := tamtam.Dial(context.Background(), tamtam.Lazy())
	if err != nil {
		log.Fatal(err) // a setting is wrong
	}
	defer client.Close()
	// Output:
}

func ExampleWithTLS() {
	_, err := tamtam.Dial(context.Background(),
		tamtam.WithAddress("db-1.example:6262"),
		tamtam.WithTLS(tamtam.TLS{CA: "/etc/tamtam/missing.pem"}),
		tamtam.WithTokenFile("/etc/tamtam/token"))
	fmt.Println(err)
	// Output: TAMTAM_RPC_CA: stat /etc/tamtam/missing.pem: no such file or directory
}

func ExampleClient_Members() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	web, err := client.Members(ctx, tamtam.Tagged(tamtam.Tag("role", "web"), tamtam.NotTag("zone", "b")), tamtam.Alive)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range web {
		fmt.Println(m.GetName(), m.GetTags()["port"])
	}
	// Output: web-1 8080
}

func ExampleClient_Watch() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for e, err := range client.Watch(ctx, tamtam.WatchOptions{}) {
		switch {
		case err != nil:
			log.Fatal(err) // the daemon refused
		case e.Kind == tamtam.Present, e.Kind == tamtam.Change && !e.Change.GetRemoved():
			fmt.Println(e.Member.GetName(), "is", e.Member.GetStatus())
		case e.Kind == tamtam.Change:
			fmt.Println(e.Member.GetName(), "is no longer listed")
		case e.Kind == tamtam.Disconnected && e.Slow:
			log.Println("this loop is too slow")
		case e.Kind == tamtam.Disconnected:
			log.Println("the daemon is away:", e.Err)
		}
		if e.Kind == tamtam.Change {
			break // this example ends here
		}
	}
	// Output:
	// db-1 is MEMBER_STATUS_ALIVE
	// web-1 is MEMBER_STATUS_ALIVE
	// web-1 is MEMBER_STATUS_LEFT
}

func ExampleClient_Messages() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for e, err := range client.Messages(ctx, tamtam.MessageOptions{Topics: []string{"deploy"}, Last: 1}) {
		switch {
		case err != nil:
			log.Fatal(err) // the daemon refused
		case e.Message != nil:
			fmt.Printf("%s: %s\n", e.Message.GetOrigin(), e.Message.GetPayload())
		case e.Gap != nil:
			fmt.Printf("%d messages of %s are lost\n", e.Gap.GetTo()-e.Gap.GetFrom()+1, e.Gap.GetOrigin())
		}
		if e.Gap != nil {
			break // this example ends here
		}
	}
	// Output:
	// 192.0.2.2:9999: version 7
	// 2 messages of 192.0.2.2:9999 are lost
}

func ExampleClient_Broadcast() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := client.Broadcast(ctx, []byte("version 7"), tamtam.BroadcastOptions{Topic: "deploy", WaitAll: true, MinMembers: 1})
	switch {
	case errors.Is(err, tamtam.ErrTooFewMembers):
		fmt.Println("this node is alone; nothing was sent")
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Printf("%d of %d have it\n", r.GetHave(), r.GetSentTo())
	}
	// Output: 1 of 1 have it
}

func ExampleClient_Broadcast_recipients() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Broadcast(ctx, []byte("reload"), tamtam.BroadcastOptions{
		To: tamtam.Recipients{Tags: []*tamtam.TagPattern{tamtam.Tag("role", "db")}},
	})
	fmt.Println(errors.Is(err, tamtam.ErrTooFewMembers), err)
	// Output: true no member matches
}

func ExampleClient_Query() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for r, err := range client.Query(ctx, "load", nil, tamtam.QueryOptions{Timeout: 2 * time.Second}) {
		switch {
		case err != nil:
			log.Fatal(err)
		case r.Err != nil:
			fmt.Printf("%s: no answer: %v\n", r.Member.GetName(), r.Err)
		default:
			fmt.Printf("%s: %s\n", r.Member.GetName(), r.Payload)
		}
	}
	// Output:
	// db-1: 0.7
	// web-1: no answer: no program there answers the topic
}

func ExampleClient_Answer() {
	ctx, stop := context.WithCancel(context.Background())
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	err = client.Answer(ctx, []string{"load"}, tamtam.AnswerOptions{}, func(ctx context.Context, q *tamtam.Question) ([]byte, error) {
		fmt.Printf("%s asks for the %s\n", q.GetAsker().GetName(), q.GetTopic())
		stop() // this example ends here
		return []byte("0.7"), nil
	})
	if err != nil {
		log.Fatal(err) // the daemon refused
	}
	// Output: db-1 asks for the load
}

func ExampleClient_Attach() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	web := tamtam.Service{Name: "web", Port: 8080}
	attached, err := client.Attach(ctx, tamtam.AttachOptions{}, web) // once the program serves
	if errors.Is(err, tamtam.ErrServiceTaken) {
		log.Fatal("this node has a service web already")
	} else if err != nil {
		log.Fatal(err)
	}
	defer attached.Close()

	web.Failing = true // such as before it ends, while it serves the last clients
	if err := attached.Update(ctx, web); err != nil {
		log.Fatal(err)
	}
	fmt.Println("nobody is sent here any more")
	// Output: nobody is sent here any more
}

func ExampleClient_SetTags() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	tags, err := client.SetTags(ctx, map[string]string{"version": "7"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tags)
	tags, err = client.DeleteTags(ctx, "version")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tags)
	// Output:
	// map[role:db version:7]
	// map[role:db]
}

func ExampleClient_Join() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	results, err := client.Join(ctx, "web-1.example", "192.0.2.9")
	if err != nil {
		log.Fatal(err) // with ErrNoAnswer if no address answered
	}
	for _, r := range results {
		if r.GetError() != "" {
			fmt.Printf("%s: %s\n", r.GetAddress(), r.GetError())
		} else {
			fmt.Printf("%s: %v\n", r.GetAddress(), r.GetMembers())
		}
	}
	// Output:
	// web-1.example: [192.0.2.2:9999]
	// 192.0.2.9: no answer
}

func ExampleClient_LocalNode() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	self, err := client.LocalNode(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(self.GetMember().GetAddress(), self.GetMaxPayloadBytes())
	// Output: 192.0.2.1:9999 1024
}

func ExampleClient_Leave() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	know, not, err := client.Leave(ctx) // and the daemon ends
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d members know\n", know, know+not)
	// Output: 1 of 1 members know
}

func ExampleError() {
	ctx := context.Background()
	client, err := tamtam.Dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.SetTags(ctx, map[string]string{"": "?"})
	var e *tamtam.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code, e.Reason, errors.Is(err, tamtam.ErrBadTag), tamtam.Retryable(err))
	}
	// Output: InvalidArgument BAD_TAG true false
}
