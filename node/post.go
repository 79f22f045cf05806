package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/mux"

	"maillon/node/alerts"
	"maillon/node/api"
	"maillon/node/mail"
	"maillon/store/bolt"
)

// A post is what a node sends on its own: mail and webhooks. Its file, mail.db, holds
// addresses of people; no backup copies it.
type post struct {
	desk   *alerts.Desk
	server *api.Server
}

// openPost gives a server the desk of alerts, if the node sends anything.
func (n *Node) openPost(s *api.Server) error {
	n.post.server = s
	if !n.cfg.Mail.On() && !n.cfg.Alerts.Webhooks {
		return nil
	}
	db, err := bolt.Open(n.path("mail.db"), bolt.Options{Churn: true, Timeout: 2 * time.Second})
	if err != nil {
		return fmt.Errorf("open mail: %w", err)
	}
	n.closers = append(n.closers, db.Close)
	d := &alerts.Desk{
		DB: db, Search: s, URL: n.cfg.Public(), Name: n.cfg.Name, Contact: n.cfg.Contact, Log: n.log, Now: n.now,
		Loose: n.cfg.Federation.AllowPrivate, Greeting: "maillon/" + Version + " (+" + n.cfg.URL + ")",
	}
	if n.cfg.Mail.On() {
		d.Post = &mail.Queue{DB: db, Config: n.cfg.Mail, Log: n.log, Now: n.now}
		n.tasks = append(n.tasks, task{"mail", d.Post.Run})
	}
	if n.cfg.Alerts.Webhooks { // dialled as all that others name (0052)
		d.HTTP = &http.Client{Transport: n.client.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	n.post.desk, s.Alerts = d, d
	n.tasks = append(n.tasks, task{"alerts", d.Run})
	if n.cfg.Alerts.Letters && n.cfg.Mail.On() {
		n.tasks = append(n.tasks, task{"letters", n.runLetters})
	}
	return nil
}

// runLetters sends the letters at the beginning of each month.
func (n *Node) runLetters(ctx context.Context) error {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		if n.ready() == nil {
			due, err := n.post.desk.LettersDue()
			if err == nil && due {
				var sent []alerts.Letter
				sent, err = n.Letters(ctx, false)
				n.log.Info().Int("letters", len(sent)).Msg("letters queued")
			}
			if err != nil && ctx.Err() == nil {
				n.log.Error().Err(err).Msg("letters")
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Letters queues the letters to members, or with dry only tells what would go.
func (n *Node) Letters(ctx context.Context, dry bool) ([]alerts.Letter, error) {
	if n.post.desk == nil || n.post.desk.Post == nil {
		return nil, errNoMail
	}
	list, err := n.post.server.Letters(ctx, n.cfg.Lang)
	if err != nil {
		return nil, err
	}
	return n.post.desk.SendLetters(list, n.cfg.Lang, dry)
}

var errNoMail = errors.New("this node sends no mail: set smtp in its configuration")

// letterRoutes let an operator send the letters now.
func (n *Node) letterRoutes(r *mux.Router) {
	r.HandleFunc("/admin/v1/letters", func(w http.ResponseWriter, req *http.Request) {
		var ask struct {
			Dry bool `json:"dry"`
		}
		if err := json.NewDecoder(req.Body).Decode(&ask); err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		sent, err := n.Letters(req.Context(), ask.Dry)
		if err != nil {
			adminError(w, http.StatusBadRequest, err)
			return
		}
		status, err := n.post.desk.Post.Status()
		if err != nil {
			adminError(w, http.StatusInternalServerError, err)
			return
		}
		if !ask.Dry {
			n.record(req, "letters", "", fmt.Sprint(len(sent)))
		}
		adminAnswer(w, map[string]any{"items": sent, "queue": status})
	}).Methods("POST")
}
