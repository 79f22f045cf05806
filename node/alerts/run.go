package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"maillon/node/mail"
	"maillon/store"
	"maillon/store/view"
)

const (
	look       = time.Minute
	pageSize   = 500 // changes looked at in one go
	mostDigest = 100 // contracts of one message
	mostPages  = 400 // of one digest: what is beyond is told with the next
)

// Run tells what is due until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		if err := d.Step(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error().Err(err).Msg("alerts")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Step deletes what was not confirmed in time and tells what is due now.
func (d *Desk) Step(ctx context.Context) error {
	due, err := d.sift()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atATime)
	for _, s := range due {
		g.Go(func() error { return d.tell(ctx, s) })
	}
	return g.Wait()
}

// atATime is how many are told at once: a webhook may be slow.
const atATime = 8

// tell tells one subscription what is new. Its error is one of all of them.
func (d *Desk) tell(ctx context.Context, s Subscription) error {
	if ctx.Err() != nil {
		return nil
	}
	way := d.digest
	if s.Kind == Webhook {
		way = d.deliver
	}
	switch next, err := way(ctx, s); {
	case errors.Is(err, view.ErrBehind), errors.Is(err, mail.ErrFull):
		return err // later
	case errors.Is(err, errEnd):
		d.Log.Info().Str("alert", s.ID).Msg("the webhook is gone: its alert has ended")
		return d.drop(s.ID)
	case err != nil:
		if ctx.Err() == nil {
			d.Log.Error().Err(err).Str("alert", s.ID).Msg("alert")
		}
		return nil
	default:
		return d.save(next)
	}
}

// sift lists what is due, and deletes what is over.
func (d *Desk) sift() (due []Subscription, err error) {
	now := d.Now()
	err = d.DB.Update(func(tx store.Tx) error {
		var over [][]byte
		for k, raw := range tx.Bucket(alertBucket).Ascend(nil) {
			var s Subscription
			switch {
			case json.Unmarshal(raw, &s) != nil || d.over(s):
				over = append(over, append([]byte(nil), k...))
			case !s.Confirmed.IsZero() && !s.Due.After(now):
				due = append(due, s)
			}
		}
		for _, k := range over {
			if err := tx.Bucket(alertBucket).Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	return due, err
}

// save writes a subscription, unless it was ended meanwhile.
func (d *Desk) save(s Subscription) error {
	return d.DB.Update(func(tx store.Tx) error {
		if tx.Bucket(alertBucket).Get([]byte(s.ID)) == nil {
			return nil
		}
		return put(tx, s)
	})
}

func (d *Desk) drop(id string) error {
	return d.DB.Update(func(tx store.Tx) error { return tx.Bucket(alertBucket).Delete([]byte(id)) })
}

// news is what has changed for a subscription: the first contracts, and how many.
func (d *Desk) news(ctx context.Context, s Subscription, most, pages int) (rows []view.Row, total int, place Place, more bool, err error) {
	filters, err := url.ParseQuery(s.Query)
	if err != nil {
		return nil, 0, s.Place, false, err
	}
	place = s.Place
	for range pages {
		found, err := d.Search.Changed(ctx, place, filters, pageSize)
		if err != nil {
			return nil, 0, s.Place, false, err
		}
		total += len(found.Rows)
		rows = append(rows, found.Rows[:min(len(found.Rows), most-len(rows))]...)
		place, more = found.Next, found.More
		if !more {
			break
		}
	}
	return rows, total, place, more, nil
}

// digest queues the mail that is due, if there is anything to tell.
func (d *Desk) digest(ctx context.Context, s Subscription) (Subscription, error) {
	if d.Post == nil {
		return s, ErrOff
	}
	rows, total, place, _, err := d.news(ctx, s, mostDigest, mostPages)
	if err != nil {
		return s, err
	}
	if total > 0 {
		m, err := d.digestMail(s, rows, total, place)
		if err != nil {
			return s, err
		}
		if err := d.Post.Post(m); err != nil {
			return s, err
		}
	}
	s.Place, s.Due = place, next(s.Every, d.Now().UTC())
	return s, nil
}
