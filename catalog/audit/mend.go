package audit

import (
	"net/url"

	"maillon/catalog/texts"
)

// Weights put what stops everything before what mends a share of the contracts:
// a weight with a share is multiplied by it.
const (
	weightStopped = 1000 // nothing gets through
	weightNothing = 900  // nothing is published
	weightRule    = 600  // × share of the contracts
	weightField   = 600  // × share
	weightLate    = 500  // × share
	weightEarly   = 450  // × share
	weightSilent  = 450
	weightContact = 350
	weightReports = 300 // and more the longer the oldest waits
	weightDCAT    = 100
)

// Bounds of what a letter lists.
const (
	mostRules  = 8
	mostFields = 8
)

// ask adds something to mend. The text and the hint are those of its code.
func (w *writer) ask(line Line, args ...any) {
	line.Text = w.t("audit.mend."+line.Code+".text", args...)
	line.Hint = w.t("audit.mend."+line.Code+".hint", args...)
	w.mend = append(w.mend, line)
}

func (w *writer) toMend() {
	a := w.a
	for _, o := range a.Obstacles {
		w.obstacle(o)
	}
	switch a.State {
	case Unknown:
		w.ask(Line{Code: "nothing", Path: "/saisie", Command: "maillon validate FICHIER", weight: weightNothing})
	case Idle:
		w.ask(Line{Code: "idle", Path: "/saisie", Command: "maillon publish FICHIER", weight: weightNothing})
	}
	w.fields()
	w.rules()
	w.delays()
	w.reports()
	if a.Silent {
		w.ask(Line{Code: "silent", Path: "/saisie", Command: "maillon publish FICHIER", weight: weightSilent}, w.day(a.Last))
	}
	if a.State.Publishes() && a.DCAT == DCATNone {
		w.ask(Line{Code: "catalogue", Path: "/catalogue", weight: weightDCAT})
	}
}

func (w *writer) obstacle(o Obstacle) {
	line := Line{Code: string(o), weight: weightStopped}
	var args []any
	switch o {
	case OnlyToCorrect:
		return // what to correct is said rule by rule
	case NoContact:
		line.weight, line.Command = weightContact, "node.contact"
	case Suspended, Pending:
		line.Path = "/register"
		args = append(args, w.of(func(n Node) string { return n.Reason }))
	case Unreachable:
		line.Command = "maillon status"
		args = append(args, w.of(func(n Node) string { return n.Error }))
	case CharterExpired:
		line.Path = "/register"
	case SourceFailing:
		line.Path, args = "/sources", append(args, w.a.errors[0])
	}
	w.ask(line, args...)
}

// of is what the first node that has something to say says.
func (w *writer) of(say func(Node) string) string {
	for _, n := range w.a.Nodes {
		if s := say(n); s != "" {
			return s
		}
	}
	return "–"
}

// fields asks for the mandatory fields that contracts leave out, each by its name.
func (w *writer) fields() {
	n := 0
	for _, f := range w.a.Measure.Fields() {
		missing := f.Asked - f.Given
		if !f.Required || missing == 0 || n == mostFields {
			continue
		}
		n++
		share := float64(missing) / float64(max(w.a.Contracts, 1))
		w.mend = append(w.mend, Line{
			Code: "field", Rule: "required", Contracts: missing, weight: weightField * share, Path: "/dictionnaire#" + string(f.Kind) + "." + f.Field,
			Text: w.t("audit.mend.field.text", f.Field, w.contracts(missing)), Hint: w.t("rule.required.hint"),
		})
	}
}

// rules asks for what the errors of the contracts say, the most frequent first.
func (w *writer) rules() {
	for _, c := range w.a.Measure.Errors.Most(mostRules) {
		if c.Key == "required" || !texts.Has("rule."+c.Key+".text") {
			continue // its fields are named above
		}
		const found, expected = "…", "…"
		share := float64(c.N) / float64(max(w.a.Contracts, 1))
		w.mend = append(w.mend, Line{
			Code: "rule", Rule: c.Key, Contracts: c.N, weight: weightRule * share, Path: "/regles#" + url.PathEscape(c.Key),
			Text: w.t("audit.mend.rule.text", w.t("rule."+c.Key+".text", found, expected), w.contracts(c.N)), Hint: w.t("rule."+c.Key+".hint", found, expected),
		})
	}
}

// reports asks for answers to what people reported: after two months before lateness.
func (w *writer) reports() {
	n := w.a.Unanswered
	if n == 0 {
		return
	}
	const dayWeight, most = 4.0, 280
	code := "reports"
	if n == 1 {
		code = "report"
	}
	w.ask(Line{Code: code, Path: "/signalements", weight: weightReports + min(dayWeight*float64(w.a.UnansweredDays), most)}, number(w.lang, n), w.day(w.a.OldestUnanswered))
}

func (w *writer) delays() {
	m, n := w.a.Measure, float64(max(w.a.Contracts, 1))
	share := func(of int) float64 { return float64(of) / n }
	if d := m.Delay(); m.Late > 0 {
		w.ask(Line{Code: "late", Rule: "publication-late", Path: "/regles#publication-late", Contracts: m.Late, weight: weightLate * share(m.Late)},
			w.contracts(m.Late), Percent(m.Late, d.N), d.Median)
	}
	if m.BegunLate > 0 {
		w.ask(Line{Code: "late-concession", Rule: "publication-late-concession", Path: "/regles#publication-late-concession", Contracts: m.BegunLate,
			weight: weightLate * share(m.BegunLate)}, w.contracts(m.BegunLate))
	}
	if m.Early > 0 {
		w.ask(Line{Code: "early", Path: "/dictionnaire#marche.datePublicationDonnees", Contracts: m.Early, weight: weightEarly * share(m.Early)}, w.contracts(m.Early))
	}
}
