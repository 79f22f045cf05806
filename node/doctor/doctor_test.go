package doctor

import (
	"strings"
	"testing"
	"time"

	"maillon/catalog/texts"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// grades of each check, for one set of facts.
func grades(f Facts) map[string]string {
	f.Now = now
	out := map[string]string{}
	for _, found := range Examine(f) {
		out[found.Check] = string(found.Grade) + " " + found.Case
	}
	return out
}

func TestEachFactHasItsVerdict(t *testing.T) {
	hub := Hub{URL: "https://h", State: "accepted", Want: "https://n", Address: "https://n", Size: 5, Own: 5}
	with := func(change func(*Hub)) Facts {
		h := hub
		change(&h)
		return Facts{Hub: &h}
	}
	no := false
	for name, c := range map[string]struct {
		facts       Facts
		check, want string
	}{
		"stopped":              {Facts{}, "running", "watch no"},
		"ready":                {Facts{Running: true, Waits: []Wait{}}, "ready", "fine yes"},
		"views being made":     {Facts{Running: true, Waits: []Wait{{Code: "disk"}, {Code: "views", Blocks: true, Args: []any{40, 4, 10}}}}, "ready", "watch views"},
		"tail not recovered":   {Facts{Running: true, Waits: []Wait{{Code: "journal", Args: []any{"x"}}}}, "ready", "watch journal"},
		"clock right":          {Facts{Clock: &Clock{Ahead: -9 * time.Second}}, "clock", "fine right"},
		"clock late":           {Facts{Clock: &Clock{Ahead: -11 * time.Second}}, "clock", "watch off"},
		"clock far ahead":      {Facts{Clock: &Clock{Ahead: time.Hour}}, "clock", "wrong off"},
		"clock unknown":        {Facts{Clock: &Clock{Error: "x"}}, "clock", "watch unknown"},
		"disk full":            {Facts{Disk: &Disk{Free: 100 << 20, Total: 1 << 40}}, "disk", "wrong full"},
		"disk low":             {Facts{Disk: &Disk{Free: 1 << 30, Total: 8 << 30}}, "disk", "watch low"},
		"disk fine":            {Facts{Disk: &Disk{Free: 30 << 30, Total: 1 << 40}}, "disk", "fine room"},
		"secret open":          {Facts{Data: "/d", Files: []File{{Path: "/d/node.key", Open: true}}}, "files", "wrong open"},
		"file of another":      {Facts{Data: "/d", Files: []File{{Path: "/d/x", Error: "permission denied"}}}, "files", "wrong closed"},
		"port free":            {Facts{Ports: []Port{{Key: "http.listen"}}}, "ports", "fine free"},
		"port taken":           {Facts{Ports: []Port{{Key: "http.listen", Error: "in use"}}}, "ports", "wrong taken"},
		"port silent":          {Facts{Running: true, Ports: []Port{{Error: "refused"}}}, "ports", "wrong silent"},
		"name":                 {Facts{DNS: &Name{Host: "x", Error: "no such host"}}, "dns", "wrong unknown"},
		"plain":                {Facts{TLS: &TLS{Plain: true}}, "tls", "watch plain"},
		"certificate holds":    {Facts{TLS: &TLS{Expires: now.Add(60 * day)}}, "tls", "fine holds"},
		"certificate ends":     {Facts{TLS: &TLS{Expires: now.Add(10 * day)}}, "tls", "watch ends"},
		"certificate tomorrow": {Facts{TLS: &TLS{Expires: now.Add(day)}}, "tls", "wrong ends"},
		"certificate over":     {Facts{TLS: &TLS{Expires: now.Add(-day)}}, "tls", "wrong over"},
		"address of another":   {Facts{Address: &Address{Found: "a", Want: "b"}}, "address", "wrong other"},
		"address, stopped":     {Facts{Address: &Address{Error: "refused"}}, "address", "watch stopped"},
		"address, running":     {Facts{Running: true, Address: &Address{Error: "refused"}}, "address", "wrong silent"},
		"store whole":          {Facts{Store: &Store{Checked: true}}, "store", "fine whole"},
		"store not read":       {Facts{Store: &Store{}}, "store", "watch unchecked"},
		"store damaged":        {Facts{Store: &Store{Error: "entry 3"}}, "store", "wrong damaged"},
		"store deleted":        {Facts{Store: &Store{Missing: true}}, "store", "wrong missing"},
		"views damaged":        {Facts{Store: &Store{Checked: true, Views: "x"}}, "views", "wrong damaged"},
		"nothing published":    {Facts{Published: &Published{}}, "published", "watch nothing"},
		"published long ago":   {Facts{Published: &Published{At: now.Add(-63 * day)}}, "published", "watch old"},
		"no hub":               {Facts{Hub: &Hub{}}, "hub", "watch none"},
		"hub silent":           {with(func(h *Hub) { h.Error = "x" }), "hub", "wrong silent"},
		"pending":              {with(func(h *Hub) { h.State = "pending" }), "member", "watch pending"},
		"suspended":            {with(func(h *Hub) { h.State = "suspended" }), "member", "wrong suspended"},
		"unknown there":        {with(func(h *Hub) { h.State = "" }), "member", "wrong unknown"},
		"looked for elsewhere": {with(func(h *Hub) { h.Address = "https://o" }), "reached", "wrong elsewhere"},
		"not reached":          {with(func(h *Hub) { h.Fault = "timeout" }), "reached", "wrong fault"},
		"not tried now":        {with(func(h *Hub) { h.Untried, h.Own = "429", 6 }), "reached", "watch behind"},
		"reached now":          {with(func(h *Hub) { h.Tried = now }), "reached", "fine whole"},
		"light, not reached":   {with(func(h *Hub) { h.Fault, h.Light = "timeout", true }), "reached", "fine whole"},
		"on its way":           {with(func(h *Hub) { h.Own = 6 }), "reached", "watch behind"},
		"behind":               {with(func(h *Hub) { h.Own, h.Behind = 6, true }), "reached", "wrong behind"},
		"charter over":         {Facts{Charter: &Charter{Expires: now.Add(-day)}}, "charter", "wrong over"},
		"charter ends":         {Facts{Charter: &Charter{Expires: now.Add(20 * day)}}, "charter", "watch ends"},
		"charter worthless":    {Facts{Charter: &Charter{Error: "x"}}, "charter", "wrong broken"},
		"no backups":           {Facts{Backup: &Backup{}}, "backup", "watch none"},
		"backup recent":        {Facts{Backup: &Backup{Dir: "/b", Every: day, Last: now.Add(-30 * time.Hour)}}, "backup", "fine recent"},
		"backup late":          {Facts{Backup: &Backup{Dir: "/b", Every: day, Last: now.Add(-40 * time.Hour)}}, "backup", "watch old"},
		"backup old":           {Facts{Backup: &Backup{Dir: "/b", Every: day, Last: now.Add(-80 * time.Hour)}}, "backup", "wrong old"},
		"keys":                 {Facts{Backup: &Backup{Dir: "/b", Every: day, Last: now}}, "keys", "watch nowhere"},
		"mail":                 {Facts{Mail: &Mail{Host: "x", Error: "refused"}}, "mail", "wrong silent"},
		"deposits good":        {Facts{Deposits: &Deposits{Files: 1, Records: 100, ToCorrect: 10}}, "deposits", "fine good"},
		"deposits mixed":       {Facts{Deposits: &Deposits{Files: 1, Records: 100, ToCorrect: 11}}, "deposits", "watch mixed"},
		"deposits poor":        {Facts{Deposits: &Deposits{Files: 1, Records: 100, Refused: 51}}, "deposits", "wrong poor"},
		"deposits refused":     {Facts{Deposits: &Deposits{Files: 2, Rejected: 2}}, "deposits", "wrong rejected"},
		"editions none":        {Facts{Editions: &Editions{}}, "editions", "fine none"},
		"editions made":        {Facts{Editions: &Editions{Made: now}}, "editions", "fine made"},
		"editions failing":     {Facts{Data: "/d", Editions: &Editions{Made: now, Failing: now, Tries: 3, Error: "no space left on device"}}, "editions", "wrong failing"},
		"no password":          {Facts{Password: &no}, "password", "watch none"},
	} {
		if got := grades(c.facts)[c.check]; got != c.want {
			t.Errorf("%s: %s is %q, want %q", name, c.check, got, c.want)
		}
		for _, f := range Examine(c.facts) {
			checkWords(t, name, f)
		}
	}
}

// checkWords looks that a finding has words in both languages, all its places filled.
func checkWords(t *testing.T, name string, f Finding) {
	t.Helper()
	for _, lang := range texts.Langs {
		if s := f.Text(lang); strings.HasPrefix(s, "doctor.") || strings.Contains(s, "{") {
			t.Errorf("%s: %s", name, s)
		}
		if s := f.Name(lang); strings.HasPrefix(s, "doctor.") {
			t.Errorf("%s: no name: %s", name, s)
		}
	}
	if f.Grade == Fine && f.Mend != "" {
		t.Errorf("%s: %s is fine and is to be mended by %s", name, f.Check, f.Mend)
	}
	needsNone := f.Check == "member" || f.Check == "reached" && f.Grade == Watch || f.Check == "address" && f.Case == "stopped"
	if f.Grade != Fine && f.Mend == "" && !needsNone {
		t.Errorf("%s: %s %s says no command", name, f.Check, f.Case)
	}
}

func TestWhatIsNotKnownIsNotJudged(t *testing.T) {
	if got := Examine(Facts{Now: now, Running: true}); len(got) != 1 || !Well(got) {
		t.Errorf("findings without facts: %+v", got)
	}
	if Well(Examine(Facts{Store: &Store{Error: "x"}})) {
		t.Error("a damaged store is well")
	}
}

func TestARestoreNamesTheNewestArchive(t *testing.T) {
	f := Facts{Now: now, Running: true, Config: "/etc/maillon/maillon.yaml", Data: "/d", Store: &Store{Error: "x"}, Backup: &Backup{Dir: "/b", Every: day, Last: now.Add(-time.Hour)}}
	for _, found := range Examine(f) {
		if found.Check == "store" && found.Mend != "systemctl stop maillon && maillon restore /b/maillon-20260301-110000.tar.zst --config /etc/maillon/maillon.yaml && systemctl start maillon" {
			t.Errorf("mend: %s", found.Mend)
		}
	}
}
