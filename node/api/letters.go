package api

import (
	"context"
	"net/http"
	"strings"

	"maillon/catalog/audit"
	"maillon/catalog/texts"
	"maillon/node/alerts"
)

// Letters are the audit's letters to the bodies whose accepted nodes name a contact,
// as text. A body with several nodes gets one to each different contact.
func (s *Server) Letters(ctx context.Context, lang texts.Lang) ([]alerts.Letter, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/audit", nil)
	if err != nil {
		return nil, err
	}
	report, err := s.audited(r)
	if err != nil {
		return nil, err
	}
	var out []alerts.Letter
	for _, a := range report.Actors {
		sent := map[string]bool{}
		for _, n := range a.Nodes {
			to := strings.ToLower(strings.TrimSpace(n.Contact))
			if n.State != "accepted" || to == "" || sent[to] {
				continue
			}
			sent[to] = true
			l := audit.LetterOf(report, a, lang)
			out = append(out, alerts.Letter{
				SIRET: a.Number(), Name: a.Name, To: strings.TrimSpace(n.Contact), Subject: texts.T(lang, "alerts.letter.subject", a.Name),
				Text: s.letterText(l, a, lang), Tag: l.Tag, Faults: len(l.Mend),
			})
		}
	}
	return out, nil
}

// letterText is a letter as plain text.
func (s *Server) letterText(l audit.Letter, a *audit.Actor, lang texts.Lang) string {
	var b strings.Builder
	b.WriteString(texts.T(lang, "alerts.letter.intro", a.Name, s.Self.Name) + "\n")
	list := func(title string, lines []audit.Line) {
		if len(lines) == 0 {
			return
		}
		b.WriteString("\n" + title + "\n\n")
		for _, line := range lines {
			b.WriteString("- " + strings.TrimSpace(line.Text+" "+line.Hint) + "\n")
			if line.Path != "" {
				b.WriteString("  " + s.Self.URL + line.Path + "\n")
			}
		}
	}
	list(texts.T(lang, "web.letter.well"), l.Well)
	first := min(audit.First, len(l.Mend))
	list(texts.T(lang, "web.letter.mend.many", first), l.Mend[:first])
	list(texts.T(lang, "web.letter.more"), l.Mend[first:])
	b.WriteString("\n" + texts.T(lang, "alerts.letter.page") + "\n" + s.Self.URL + "/audit/" + a.Number() + "\n")
	return b.String()
}
