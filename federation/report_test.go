package federation

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func reported(t testing.TB) (key testKey, r Report, o Outcome) {
	key = keyFrom(t, rennes, 0, 1)
	r = Report{
		ID: strings.Repeat("0a", 16), To: "23350001600040", Node: rennes, Key: key.text, At: noon, URL: "https://marches.rennes.example", Contract: "23350001600040/2026-014",
		Topic: "wrong", Text: "Le montant est faux.\nIl manque un zéro.", Mail: "lectrice@exemple.example",
	}
	o = Outcome{
		ID: r.ID, To: "23350001600040", Node: rennes, Key: key.text, At: noon, Contract: rennes + "/2026-014", Topic: "wrong", Made: noon.Add(-time.Hour), State: ReportCorrected,
		Answer: "Montant corrigé.", Record: strings.Repeat("ab", 32),
	}
	return key, r, o
}

func TestReportsAndOutcomesAreSigned(t *testing.T) {
	key, r, o := reported(t)
	signed, err := SignReport(r, key.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenReport(signed, noon.Add(ReportLife/2)); err != nil || got != r {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := OpenReport(signed, noon.Add(ReportLife+time.Second)); !errors.Is(err, ErrClock) {
		t.Errorf("old: %v", err)
	}
	if _, err := OpenReport([]byte(strings.Replace(string(signed), "zéro", "zero", 1)), noon); !errors.Is(err, ErrBadSignature) {
		t.Errorf("changed: %v", err)
	}
	told, err := SignOutcome(o, key.signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := OpenOutcome(told, o.To, noon); err != nil || got != o {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := OpenOutcome(told, rennes, noon); !errors.Is(err, ErrAudience) {
		t.Errorf("for another: %v", err)
	}
	if _, err := OpenReport(told, noon); err == nil {
		t.Error("an outcome is taken for a report")
	}
}

func TestWhatIsNoReport(t *testing.T) {
	key, good, fine := reported(t)
	for name, change := range map[string]func(*Report){
		"id": func(r *Report) { r.ID = "x" }, "to": func(r *Report) { r.To = "x" }, "key": func(r *Report) { r.Node = "23350001600040" }, "at": func(r *Report) { r.At = noon.Add(1) },
		"url": func(r *Report) { r.URL = "javascript:alert(1)" }, "contract": func(r *Report) { r.Contract = "a/b/c" }, "topic": func(r *Report) { r.Topic = "x" },
		"text": func(r *Report) { r.Text = " " }, "long": func(r *Report) { r.Text = strings.Repeat("x", MaxReportText+1) }, "control": func(r *Report) { r.Text = "a\x00b" },
		"mail": func(r *Report) { r.Mail = "x" }, "mail header": func(r *Report) { r.Mail = "a@b.c\nBcc: x@y.z" },
	} {
		r := good
		change(&r)
		if _, err := SignReport(r, key.signer); !errors.Is(err, ErrBadNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*Outcome){
		"state": func(o *Outcome) { o.State = "waiting" }, "record": func(o *Outcome) { o.Record = "x" }, "record of an answer": func(o *Outcome) { o.State = ReportAnswered },
		"no answer": func(o *Outcome) { o.State, o.Answer, o.Record = ReportRejected, "", "" }, "made": func(o *Outcome) { o.Made = time.Time{} },
	} {
		o := fine
		change(&o)
		if _, err := SignOutcome(o, key.signer); !errors.Is(err, ErrBadNote) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReports(f *testing.F) {
	key, r, o := reported(f)
	for _, sign := range []func() ([]byte, error){func() ([]byte, error) { return SignReport(r, key.signer) }, func() ([]byte, error) { return SignOutcome(o, key.signer) }} {
		signed, err := sign()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(signed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := OpenReport(raw, noon); err == nil && r.check() != nil {
			t.Errorf("%+v", r)
		}
		if o, err := OpenOutcome(raw, o.To, noon); err == nil && o.check() != nil {
			t.Errorf("%+v", o)
		}
	})
}
