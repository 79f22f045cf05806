package audit

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"maillon/catalog/entry"
	"maillon/federation/follow"
)

func of(n uint64) *uint64 { return &n }

func account(n uint64) Account { return Account{Entries: n, Puts: n, Conforming: n} }

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		f       Facts
		want    Verdict
		missing uint64
	}{
		"nothing yet":                  {Facts{}, OK, 0},
		"all is there":                 {Facts{Head: 3, Mirror: 3, Above: of(3), Account: account(3)}, OK, 0},
		"above is not known":           {Facts{Head: 3, Mirror: 3, Account: account(3)}, OK, 0},
		"it is being fetched":          {Facts{Head: 5, Mirror: 3, Account: account(3), Fresh: true}, Behind, 2},
		"a try has failed, so far":     {Facts{Head: 5, Mirror: 3, Account: account(3), Fresh: true, Failed: true}, Behind, 2},
		"it is withheld":               {Facts{Head: 5, Mirror: 3, Account: account(3), Failed: true}, Missing, 2},
		"nobody answers":               {Facts{Head: 5, Mirror: 3, Account: account(3), Failed: true, Silent: true}, Unreachable, 2},
		"nobody answers, all is there": {Facts{Head: 3, Mirror: 3, Account: account(3), Failed: true, Silent: true}, OK, 0},
		"suspended":                    {Facts{Head: 5, Mirror: 3, Account: account(3), Suspended: true, Failed: true}, Behind, 2},
		"two histories":                {Facts{Head: 3, Mirror: 3, Account: account(3), Forked: true}, Forked, 0},
		"the views are behind":         {Facts{Head: 3, Mirror: 3, Account: account(2)}, Behind, 1},
		"the views have more":          {Facts{Head: 3, Mirror: 3, Account: account(4)}, Missing, 0},
		"a record is nowhere":          {Facts{Head: 3, Mirror: 3, Account: Account{Entries: 3, Puts: 3, Conforming: 2}}, Missing, 0},
		"above is being brought up":    {Facts{Head: 3, Mirror: 3, Account: account(3), Above: of(1), Fresh: true}, Behind, 2},
		"above lacks some":             {Facts{Head: 3, Mirror: 3, Account: account(3), Above: of(1)}, Missing, 2},
	} {
		v, missing, reason := Judge(c.f)
		if v != c.want || missing != c.missing || (reason == "") != (v == OK) {
			t.Errorf("%s: %s %d %q, want %s %d", name, v, missing, reason, c.want, c.missing)
		}
	}
}

func TestWhichCopyMayLackEntries(t *testing.T) {
	for name, c := range map[string]struct {
		copies []Copy
		state  string
		want   Verdict
	}{
		"all have them":                 {[]Copy{{At: []string{Owner}, Size: 3}, {At: []string{Here}, Size: 3}}, "accepted", OK},
		"the owner was restored":        {[]Copy{{At: []string{Owner}, Size: 1}, {At: []string{Here}, Size: 3}}, "accepted", OK},
		"the owner is down":             {[]Copy{{At: []string{Owner}, Error: "x", Silent: true}, {At: []string{Here}, Size: 3}}, "accepted", OK},
		"the node asked lacks some":     {[]Copy{{At: []string{Owner}, Size: 3}, {At: []string{Here}, Size: 2}}, "accepted", Missing},
		"… of a suspended member":       {[]Copy{{At: []string{Owner}, Size: 3}, {At: []string{Here}, Size: 2}}, "suspended", OK},
		"the hub that hosts lacks some": {[]Copy{{At: []string{Owner, Hub}, Size: 2}, {At: []string{Here}, Size: 3}}, "accepted", Missing},
		"above lacks some":              {[]Copy{{At: []string{Owner, Here}, Size: 3}, {At: []string{Above}}}, "self", Missing},
		"above is down":                 {[]Copy{{At: []string{Owner, Here}, Size: 3}, {At: []string{Above}, Error: "x", Silent: true}}, "self", OK},
		"above answers something else":  {[]Copy{{At: []string{Owner, Here}, Size: 3}, {At: []string{Above}, Error: "x"}}, "self", Missing},
		"nobody serves what was signed": {[]Copy{{At: []string{Owner}, Error: "x", Silent: true}}, "accepted", Missing},
	} {
		l := looking{row: Row{Head: 3, State: c.state, Verdict: OK, Copies: c.copies}}
		if l.lacking(); l.row.Verdict != c.want || (c.want == Missing && l.row.Missing == 0) != (name == "above answers something else") {
			t.Errorf("%s: %+v, want %s", name, l.row, c.want)
		}
	}
}

func TestWorse(t *testing.T) {
	order := []Verdict{OK, Behind, Unreachable, Missing, Damaged, Forked}
	for i, a := range order {
		for k, b := range order {
			if got := Worse(a, b); got != order[max(i, k)] {
				t.Errorf("worse of %s and %s: %s", a, b, got)
			}
		}
		if a.Fatal() != (i >= 3) {
			t.Errorf("%s is fatal: %t", a, a.Fatal())
		}
	}
}

// Whatever a node answers, looking at it ends, with an error or a report.
func TestANodeThatAnswersAnything(t *testing.T) {
	nodes := `{"items":[{"id":"21350238800019","state":"self","key":"maillon/21350238800019/0+f675ed8c+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"}]}`
	for name, c := range map[string]struct {
		answers map[string]string
		error   string // "" if there is a report
	}{
		"nothing":        {nil, "404"},
		"no JSON":        {map[string]string{"/api/v1/audit/integrity": "<html>"}, "not the JSON expected"},
		"no nodes":       {map[string]string{"/api/v1/audit/integrity": `{"node":"21350238800019"}`}, "whom it knows"},
		"nobody":         {map[string]string{"/api/v1/audit/integrity": `{"node":"21350238800019"}`, "/api/v1/nodes": `{}`}, "key"},
		"no checkpoint":  {map[string]string{"/api/v1/audit/integrity": `{"node":"21350238800019"}`, "/api/v1/nodes": nodes, "/journal/checkpoint": "x"}, "not what was signed"},
		"no journal yet": {map[string]string{"/api/v1/audit/integrity": `{"node":"21350238800019","members":[{"node":"21350238800019","evidence":["a","b"]}]}`, "/api/v1/nodes": nodes, "/federation/v1/announcements": `{"items":["x"]}`}, ""},
		"deep nesting":   {map[string]string{"/api/v1/audit/integrity": strings.Repeat("[", 1<<20)}, "not the JSON expected"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if a, ok := c.answers[r.URL.Path]; ok {
					_, _ = w.Write([]byte(a))
					return
				}
				http.NotFound(w, r)
			}))
			defer s.Close()
			rep, err := Run(t.Context(), Options{Client: follow.NewClient(follow.Options{AllowPrivate: true}), Base: s.URL, Deep: true, Now: time.Now})
			switch {
			case c.error == "" && (err != nil || !rep.OK || len(rep.Rows) != 1):
				t.Errorf("%+v, %v", rep, err)
			case c.error != "" && (err == nil || !strings.Contains(err.Error(), c.error)):
				t.Errorf("error %v, want %q", err, c.error)
			}
		})
	}
}

func TestParseBase(t *testing.T) {
	for in, want := range map[string]string{
		"https://a.example/": "https://a.example", "http://localhost:8080": "http://localhost:8080", "https://a.example/marches": "https://a.example/marches",
		"": "", "a.example": "", "ftp://a.example": "", "https://": "", "https://u:p@a.example": "", "https://a.example/?x": "",
	} {
		if got, err := ParseBase(in); (err == nil) != (want != "") || err == nil && got != want {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if private(t.Context(), "http://192.0.2.1.example.invalid") || !private(t.Context(), "http://127.0.0.1:80") || private(t.Context(), "http://9.9.9.9") {
		t.Error("which addresses are private")
	}
}

// A journal can state anything; reading it counts every entry, and ends.
func FuzzStatements(f *testing.F) {
	f.Add([]byte(`{"v":1,"op":"statement","kind":"member","key":"x","at":"2026-03-01T12:00:00Z","body":"`+strings.Repeat("0", 64)+`"}`), []byte(`{"node":"x","epoch":0}`))
	f.Add([]byte(`{"v":1,"op":"later","at":"2026-03-01T12:00:00Z"}`), []byte(nil))
	f.Fuzz(func(t *testing.T, header, body []byte) {
		s := &telling{members: map[string]entry.Member{}, heads: map[journalID]string{}}
		batches := func(yield func([]entry.Entry, error) bool) { yield([]entry.Entry{{Header: header, Body: body}}, nil) }
		if s.Extend(context.Background(), nil, batches) != nil {
			return
		}
		if s.read.Entries != 1 || s.read.Puts+s.read.Withdraws+s.read.Redacts+s.read.Statements+s.read.Unknown != 1 {
			t.Fatalf("counted %+v", s.read)
		}
		for _, m := range s.sorted() {
			_, _ = keysOf(m) // must not panic
		}
	})
}
