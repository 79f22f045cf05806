package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"maillon/catalog/texts"
	"maillon/node/mail"
	"maillon/store/view"
)

// SearchURL is the page of a search.
func (d *Desk) SearchURL(query string) string {
	if query == "" {
		return d.URL + "/marches"
	}
	return d.URL + "/marches?" + query
}

// Describe says in words what a search looks for.
func Describe(query string, lang texts.Lang) string {
	v, err := url.ParseQuery(query)
	if err != nil || len(v) == 0 {
		return texts.T(lang, "alerts.all")
	}
	var parts []string
	for _, pair := range strings.Split(v.Encode(), "&") { // sorted
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		if key := "alerts.filter." + name; texts.Has(key) {
			name = texts.T(lang, key)
		}
		parts = append(parts, name+" : "+value)
	}
	return strings.Join(parts, " ; ")
}

func (d *Desk) link(s Subscription) (string, error) {
	token, err := d.Token(s)
	return d.URL + "/alertes/" + token, err
}

// invitation asks to confirm.
func (d *Desk) invitation(s Subscription) mail.Message {
	link, err := d.link(s)
	if err != nil {
		d.Log.Error().Err(err).Msg("alerts")
	}
	t := func(key string, args ...any) string { return texts.T(s.Lang, "alerts.mail."+key, args...) }
	return mail.Message{
		ID: "alert-" + s.ID + "-0", To: s.To, Subject: t("confirm.subject", d.Name), List: "alertes",
		Text: t("confirm.text", d.Name, Describe(s.Query, s.Lang), t("every."+string(s.Every)), link) + "\n",
	}
}

// digestMail tells the contracts, the first of total.
func (d *Desk) digestMail(s Subscription, rows []view.Row, total int, place Place) (mail.Message, error) {
	link, err := d.link(s)
	if err != nil {
		return mail.Message{}, err
	}
	t := func(key string, args ...any) string { return texts.T(s.Lang, "alerts.mail."+key, args...) }
	var b strings.Builder
	subject := t("subject.many", total, d.Name)
	if total == 1 {
		subject = t("subject.one", total, d.Name)
	}
	fmt.Fprintf(&b, "%s\n%s\n\n", t("intro"), Describe(s.Query, s.Lang))
	for _, row := range rows {
		b.WriteString(d.line(row, s.Lang))
	}
	if left := total - len(rows); left > 0 {
		fmt.Fprintf(&b, "%s\n\n", t("more", left))
	}
	fmt.Fprintf(&b, "%s\n%s\n\n%s\n%s\n", t("all"), d.SearchURL(s.Query), t("stop"), link)
	return mail.Message{
		ID: "alert-" + s.ID + "-" + strconv.FormatUint(place.Seq, 10), To: s.To, Subject: subject, Text: b.String(), Unsubscribe: link, List: "alertes",
	}, nil
}

// line is one contract: object, who, how much, when, where to read on.
func (d *Desk) line(row view.Row, lang texts.Lang) string {
	var facts []string
	add := func(s string) {
		if s != "" {
			facts = append(facts, oneLine(s))
		}
	}
	if row.BuyerName != "" {
		add(row.BuyerName)
	} else {
		add(row.Buyer)
	}
	switch {
	case row.Supplier != "":
		add(row.Supplier)
	case len(row.Suppliers) > 0:
		add(row.Suppliers[0])
	}
	if row.Amount != nil {
		add(strconv.FormatFloat(*row.Amount, 'f', -1, 64) + " €")
	}
	add(row.Notified)
	if row.State != "conforme" {
		add(texts.T(lang, "state."+string(row.State)))
	}
	title := row.Object
	if title == "" {
		title = row.ID
	}
	return "- " + oneLine(title) + "\n  " + strings.Join(facts, " · ") + "\n  " + d.URL + "/marches/" + row.Address + "\n\n"
}

func oneLine(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// A Letter is an audit's letter to one body, ready to be sent.
type Letter struct {
	SIRET   string `json:"siret"`
	Name    string `json:"name"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"-"`
	Tag     string `json:"-"` // changes with what the letter says
	Faults  int    `json:"faults"`
}

// hashOf names an address that is not to be kept.
func hashOf(address string) string {
	sum := sha256.Sum256([]byte("maillon letters " + strings.ToLower(address)))
	return hex.EncodeToString(sum[:16])
}

// month names a month.
func month(at time.Time) string { return at.UTC().Format("2006-01") }
