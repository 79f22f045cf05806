package api

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"maillon/catalog"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/store"
)

// A RuleEntry is a rule as /api/v1/rules tells it. In its texts {0} is what
// was found, {1} what is expected.
type RuleEntry struct {
	ID          string           `json:"id"`
	Severity    catalog.Severity `json:"severity"`
	Scope       pivot.RuleScope  `json:"scope"`
	Text        string           `json:"text"`
	Hint        string           `json:"hint"`
	Source      string           `json:"source,omitempty"`      // the legal text or the schema it comes from
	Explanation string           `json:"explanation,omitempty"` // why it matters, at length
}

func ruleOf(r pivot.Rule, lang texts.Lang) RuleEntry {
	key := "rule." + r.ID
	return RuleEntry{
		ID: r.ID, Severity: r.Severity, Scope: r.Of, Text: texts.T(lang, key+".text"), Hint: texts.T(lang, key+".hint"),
		Source: ruleText(lang, key+".source"), Explanation: ruleText(lang, key+".explain"),
	}
}

// ruleText is a text that not every rule has, or "".
func ruleText(lang texts.Lang, key string) string {
	if !texts.Has(key) {
		return ""
	}
	return texts.T(lang, key)
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) error {
	items := []RuleEntry{}
	for _, rule := range pivot.Rules() {
		items = append(items, ruleOf(rule, langOf(r)))
	}
	return writeJSON(w, map[string]any{"items": items})
}

func (s *Server) getRule(w http.ResponseWriter, r *http.Request) error {
	for _, rule := range pivot.Rules() {
		if rule.ID == mux.Vars(r)["id"] {
			return writeJSON(w, ruleOf(rule, langOf(r)))
		}
	}
	return fmt.Errorf("no such rule: %w", store.ErrNotFound)
}
