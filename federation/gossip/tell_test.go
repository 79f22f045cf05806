package gossip

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/rs/zerolog"

	"maillon/federation"
)

// A pool whose broadcasts are read from its queue, without a network.
func quietPool(h Handler) *Pool {
	p := &Pool{h: h, inbox: newInbox(), log: zerolog.Nop(), retold: &federation.Limiter{Burst: 20, Every: 3 * time.Second}}
	p.queue = &memberlist.TransmitLimitedQueue{NumNodes: func() int { return 1 }, RetransmitMult: 1}
	return p
}

func (p *Pool) told() (out []string) {
	for _, msg := range p.queue.GetBroadcasts(0, 1<<20) {
		got, _ := read(msg)
		out = append(out, got...)
	}
	return out
}

// One member announces 1,000 times a second: the others hear another's word
// at once, what is told on of the noisy one is little, and its last word
// travels all the same.
func TestNoisySignerDoesNotFillThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := quietPool(&holder{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go p.receive(ctx)
		noisy, last, quiet := 0, "", 0
		for i := range 60_000 {
			last = string(signed(fmt.Sprint(i), "maillon/noisy/0"))
			delegate{p}.NotifyMsg(appendNote(nil, []byte(last)))
			if i%10_000 == 5000 {
				delegate{p}.NotifyMsg(appendNote(nil, signed(fmt.Sprint(i), "maillon/quiet/0")))
			}
			time.Sleep(time.Millisecond)
			for _, note := range p.told() {
				if signerOf([]byte(note)) == "maillon/quiet/0 AAAAB" {
					quiet++
				} else {
					noisy++
				}
			}
		}
		if quiet != 6 || noisy > 10 {
			t.Errorf("told on: %d of 6 of the quiet one, %d of the noisy one", quiet, noisy)
		}
		if s := p.Stats(); s.Kept < 59_000 {
			t.Errorf("%+v: what was not told on is not counted", s)
		}
		time.Sleep(tellEvery + time.Second)
		if got := p.told(); len(got) != 1 || got[0] != last {
			t.Errorf("the last word: %q", got)
		}
		cancel()
		synctest.Wait()
	})
}

func TestMuchNewsOfAnExchangeIsNotToldOn(t *testing.T) {
	p := quietPool(&holder{})
	tell := newTeller(p)
	for i := range 300 {
		p.handle(tell, message{note: signed(fmt.Sprint(i), fmt.Sprint(i)), signer: fmt.Sprint(i), batch: true})
	}
	if n := len(p.told()); n == 0 || n > 25 {
		t.Errorf("%d of 300 told on", n)
	}
}
