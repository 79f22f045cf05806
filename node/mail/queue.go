package mail

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"maillon/store"
)

// Bounds of the queue.
const (
	mostQueued = 20_000
	firstWait  = time.Minute
	longWait   = 6 * time.Hour
	giveUp     = 72 * time.Hour
	pace       = 200 * time.Millisecond // between two messages
	idle       = time.Minute
)

// ErrFull: the queue holds as many messages as it may.
var ErrFull = errors.New("the queue of mail is full")

// A Queue is the messages that wait. Keys of its bucket:
//
//	mail  due (unix seconds, 8 bytes), number (8 bytes)  => waiting in JSON
type Queue struct {
	DB     store.DB
	Config Config
	Log    zerolog.Logger
	Now    func() time.Time

	mu     sync.Mutex
	number uint64
	bell   chan struct{}
	once   sync.Once
	sent   int
	failed int
}

const bucket = "mail"

// waiting is a message with what has been tried.
type waiting struct {
	Message Message   `json:"message"`
	Tries   int       `json:"tries"`
	Queued  time.Time `json:"queued"`
}

func (q *Queue) init() {
	q.once.Do(func() {
		q.bell = make(chan struct{}, 1)
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		q.number = binary.BigEndian.Uint64(b[:]) >> 1
	})
}

// Post puts a message into the queue; an empty ID is filled in. It returns once the
// message is on disk.
func (q *Queue) Post(m Message) error {
	q.init()
	to, err := Address(m.To)
	if err != nil {
		return err
	}
	m.To = to
	if m.ID == "" {
		var b [16]byte
		_, _ = rand.Read(b[:]) // never fails
		m.ID = hex.EncodeToString(b[:])
	}
	now := q.Now().UTC()
	err = q.DB.Update(func(tx store.Tx) error {
		n := 0
		for range tx.Bucket(bucket).Ascend(nil) {
			if n++; n >= mostQueued {
				return ErrFull
			}
		}
		return q.put(tx, waiting{Message: m, Queued: now}, now)
	})
	if err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	select {
	case q.bell <- struct{}{}:
	default:
	}
	return nil
}

func (q *Queue) put(tx store.Tx, w waiting, due time.Time) error {
	raw, err := json.Marshal(w)
	if err != nil {
		return err
	}
	q.mu.Lock()
	q.number++
	key := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(due.Unix())), q.number)
	q.mu.Unlock()
	return tx.Bucket(bucket).Put(key, raw)
}

// Run sends what is due until ctx ends.
func (q *Queue) Run(ctx context.Context) error {
	q.init()
	for {
		wait, err := q.step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		case <-q.bell:
			t.Stop()
		}
	}
}

// step sends the message that is due first, and says when to look again.
func (q *Queue) step(ctx context.Context) (time.Duration, error) {
	key, w, err := q.first()
	if err != nil {
		return 0, err
	}
	now := q.Now().UTC()
	if key == nil {
		return idle, nil
	}
	if due := time.Unix(int64(binary.BigEndian.Uint64(key)), 0); due.After(now) {
		return min(due.Sub(now), idle), nil
	}
	sendErr := send(ctx, q.Config, w.Message, w.Queued)
	if ctx.Err() != nil {
		return 0, nil // it may have gone: it is tried again
	}
	w.Tries++
	again := sendErr != nil && !errors.Is(sendErr, errGiven) && now.Sub(w.Queued) < giveUp
	q.note(w, sendErr, again)
	return pace, q.DB.Update(func(tx store.Tx) error {
		if err := tx.Bucket(bucket).Delete(key); err != nil || !again {
			return err
		}
		return q.put(tx, w, now.Add(min(firstWait<<min(w.Tries-1, 12), longWait)))
	})
}

// first is the message that is due first; a key of nil if there is none. One that
// cannot be read is thrown away.
func (q *Queue) first() (key []byte, w waiting, err error) {
	err = q.DB.Update(func(tx store.Tx) error {
		b := tx.Bucket(bucket)
		var bad [][]byte
		for k, raw := range b.Ascend(nil) {
			if len(k) == 16 && json.Unmarshal(raw, &w) == nil {
				key = append([]byte(nil), k...)
				break
			}
			bad = append(bad, append([]byte(nil), k...))
		}
		for _, k := range bad {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	return key, w, err
}

// note logs what became of a message: the domain of its address, never the address.
func (q *Queue) note(w waiting, err error, again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, domain, _ := strings.Cut(w.Message.To, "@")
	switch {
	case err == nil:
		q.sent++
	case again:
		q.Log.Warn().Err(err).Str("domain", domain).Int("tries", w.Tries).Msg("mail waits")
	default:
		q.failed++
		q.Log.Error().Err(err).Str("domain", domain).Int("tries", w.Tries).Msg("mail was given up")
	}
}

// A Status counts what the queue holds and has done since the start.
type Status struct {
	Waiting int `json:"waiting"`
	Sent    int `json:"sent"`
	Failed  int `json:"failed"`
}

// Status counts.
func (q *Queue) Status() (Status, error) {
	q.mu.Lock()
	s := Status{Sent: q.sent, Failed: q.failed}
	q.mu.Unlock()
	err := q.DB.View(func(tx store.Tx) error {
		for range tx.Bucket(bucket).Ascend(nil) {
			s.Waiting++
		}
		return nil
	})
	return s, err
}
