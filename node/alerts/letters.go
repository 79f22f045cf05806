package alerts

import (
	"errors"

	"maillon/catalog/texts"
	"maillon/node/mail"
	"maillon/store"
)

// SendLetters queues letters, but for those who want none. A body whose letter finds
// no fault gets it only when it says something new. Everything that went, or with dry
// would go, is told.
func (d *Desk) SendLetters(list []Letter, lang texts.Lang, dry bool) ([]Letter, error) {
	if d.Post == nil {
		return nil, ErrOff
	}
	sent := []Letter{}
	for _, l := range list {
		to, err := mail.Address(l.To)
		if err != nil {
			continue // a telephone number, or a page
		}
		fresh, err := d.wants(to, l)
		if err != nil {
			return sent, err
		}
		if !fresh {
			continue
		}
		if !dry {
			if err := d.sendLetter(to, l, lang); err != nil {
				return sent, err
			}
		}
		sent = append(sent, l)
	}
	return sent, nil
}

func (d *Desk) wants(to string, l Letter) (bool, error) {
	fresh := false
	err := d.DB.View(func(tx store.Tx) error {
		stopped := tx.Bucket(stoppedBucket).Get([]byte(hashOf(to))) != nil
		fresh = !stopped && (l.Faults > 0 || string(tx.Bucket(letterBucket).Get([]byte(l.SIRET))) != l.Tag)
		return nil
	})
	return fresh, err
}

func (d *Desk) sendLetter(to string, l Letter, lang texts.Lang) error {
	token, err := d.seal("letters", hashOf(to))
	if err != nil {
		return err
	}
	stop := d.URL + "/alertes/" + token
	err = d.Post.Post(mail.Message{
		ID: "letter-" + l.SIRET + "-" + random(8), To: to, Subject: l.Subject, List: "bilans", Unsubscribe: stop,
		Text: l.Text + "\n" + texts.T(lang, "alerts.letter.stop", d.Name) + "\n" + stop + "\n",
	})
	if err != nil {
		return err
	}
	return d.DB.Update(func(tx store.Tx) error { return tx.Bucket(letterBucket).Put([]byte(l.SIRET), []byte(l.Tag)) })
}

// LettersDue reports whether a month has begun since letters went last, and notes the
// month. The first time it only notes it: nobody is written to because a node started.
func (d *Desk) LettersDue() (bool, error) {
	now, due := month(d.Now()), false
	err := d.DB.Update(func(tx store.Tx) error {
		b := tx.Bucket(metaBucket)
		last := string(b.Get([]byte("letters")))
		due = last != "" && last < now
		if last == now {
			return nil
		}
		return b.Put([]byte("letters"), []byte(now))
	})
	return due, err
}

// errEnd ends a subscription.
var errEnd = errors.New("its receiver is gone")
