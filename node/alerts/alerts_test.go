package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"maillon/catalog/texts"
	"maillon/federation/follow"
	"maillon/node/mail"
	"maillon/node/mail/mailtest"
	"maillon/store"
	"maillon/store/storetest"
	"maillon/store/view"
)

// A diary is a search over a list: a row matches if the filter q is in its object.
type diary struct {
	id   string
	rows []view.Row
	err  error
}

func (d *diary) Changed(_ context.Context, after Place, v url.Values, limit int) (Found, error) {
	if d.err != nil {
		return Found{}, d.err
	}
	if v.Has("bad") {
		return Found{}, errors.New("no such filter")
	}
	if after.Diary != d.id {
		return Found{Next: Place{d.id, uint64(len(d.rows))}}, nil
	}
	end := min(len(d.rows), int(after.Seq)+limit)
	out := Found{Next: Place{d.id, uint64(end)}, More: end < len(d.rows)}
	for _, r := range d.rows[after.Seq:end] {
		if strings.Contains(r.Object, v.Get("q")) {
			out.Rows = append(out.Rows, r)
		}
	}
	return out, nil
}

func (d *diary) add(objects ...string) {
	for _, o := range objects {
		d.rows = append(d.rows, view.Row{Address: fmt.Sprintf("b/%d", len(d.rows)), Object: o, State: "conforme", Buyer: "21350238800019", BuyerName: "Rennes", Notified: "2026-03-02"})
	}
}

type rig struct {
	*Desk
	t     *testing.T
	at    time.Time
	diary *diary
	smtp  *mailtest.Server
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, at: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC), diary: &diary{id: "one"}, smtp: &mailtest.Server{}}
	if err := r.smtp.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.smtp.Close() })
	now := func() time.Time { return r.at }
	db := storetest.Memory()
	r.Desk = &Desk{
		DB: db, Search: r.diary, URL: "https://x.example", Name: "Rennes", Log: zerolog.Nop(), Now: now, Loose: true, HTTP: http.DefaultClient, Greeting: "maillon",
		Post: &mail.Queue{DB: db, Log: zerolog.Nop(), Now: now, Config: mail.Config{
			Host: "127.0.0.1", Port: r.smtp.Port(), Security: mail.Plain, From: netmail.Address{Address: "n@x.example"},
		}},
	}
	return r
}

// mails sends what is queued and gives the text of every mail that has arrived.
func (r *rig) mails(want int) []string {
	r.t.Helper()
	ctx, stop := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Post.Run(ctx) }()
	for range 300 {
		if st, _ := r.Post.Status(); st.Waiting == 0 && len(r.smtp.Mails()) >= want {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, m := range r.smtp.Mails() {
		head, body, _ := strings.Cut(m.Data, "\r\n\r\n")
		text, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(body)))
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, head+"\n\n"+string(text))
	}
	if len(out) != want {
		r.t.Fatalf("%d mails, want %d: %q", len(out), want, out)
	}
	return out
}

var linkOf = regexp.MustCompile(`https://x\.example/alertes/([0-9a-f]+\.[\w-]+)`)

func tokenIn(t *testing.T, text string) string {
	t.Helper()
	m := linkOf.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no link in %s", text)
	}
	return m[1]
}

func (r *rig) step() {
	r.t.Helper()
	if err := r.Step(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) count() (n int) {
	r.t.Helper()
	err := r.DB.View(func(tx store.Tx) error {
		for range tx.Bucket(alertBucket).Ascend(nil) {
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func ask(to string) Ask {
	return Ask{Kind: Mail, To: to, Query: url.Values{"q": {"pont"}, "limit": {"5"}, "buyer": {""}}, Every: Daily, Lang: texts.French}
}

func TestADigestGoesOnlyToWhoHasConfirmed(t *testing.T) {
	r := newRig(t)
	r.diary.add("pont ancien")
	if _, err := r.Subscribe(t.Context(), ask("a@b.example")); err != nil {
		t.Fatal(err)
	}
	invitation := r.mails(1)[0]
	token := tokenIn(t, invitation)
	if s, _ := r.Find(token); s.Query != "q=pont" {
		t.Errorf("kept as %q", s.Query)
	}
	r.diary.add("pont neuf", "école")
	r.at = r.at.Add(30 * time.Hour)
	r.step()
	r.mails(1) // nothing without confirmation
	if _, err := r.Confirm(token); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Confirm(token); err != nil {
		t.Errorf("confirmed twice: %v", err)
	}
	r.step()
	r.mails(1) // not before its hour
	r.at = time.Date(2026, 11, 27, morning, 0, 0, 0, time.UTC)
	r.step()
	digest := r.mails(2)[1]
	for _, want := range []string{"pont neuf", "https://x.example/marches/b/1", "List-Unsubscribe: <https://x.example/alertes/" + token + ">", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "https://x.example/marches?q=pont"} {
		if !strings.Contains(digest, want) {
			t.Errorf("the digest lacks %q:\n%s", want, digest)
		}
	}
	if strings.Contains(digest, "ancien") || strings.Contains(digest, "école") {
		t.Errorf("the digest tells too much:\n%s", digest)
	}
	r.at = r.at.Add(24 * time.Hour)
	r.step()
	r.mails(2) // nothing new, nothing sent
	if err := r.Stop(token); err != nil {
		t.Fatal(err)
	}
	r.diary.add("pont encore")
	r.at = r.at.Add(24 * time.Hour)
	r.step()
	r.mails(2)
	if r.count() != 0 {
		t.Error("the address is still kept")
	}
	if _, err := r.Find(token); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after its end: %v", err)
	}
}

func TestWhatIsNotConfirmedIsDeleted(t *testing.T) {
	r := newRig(t)
	s, err := r.Subscribe(t.Context(), ask("a@b.example"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := r.Token(s)
	if err != nil {
		t.Fatal(err)
	}
	r.at = r.at.Add(PendingFor + time.Second)
	if _, err := r.Confirm(token); err == nil {
		t.Error("confirmed too late")
	}
	r.step()
	if r.count() != 0 {
		t.Error("it is still kept")
	}
}

func TestWishesAreBounded(t *testing.T) {
	r := newRig(t)
	for i := range mostPendOf + 1 {
		if _, err := r.Subscribe(t.Context(), ask("A@b.example")); (i == mostPendOf) != errors.Is(err, ErrMany) {
			t.Errorf("wish %d of one address: %v", i, err)
		}
	}
	for name, a := range map[string]Ask{
		"no address": {Kind: Mail, To: "nobody", Every: Daily}, "no frequency": {Kind: Mail, To: "a@b.example", Every: AtOnce},
		"no filter": {Kind: Mail, To: "a@b.example", Every: Daily, Query: url.Values{"bad": {"1"}}}, "no kind": {To: "a@b.example", Every: Daily},
		"a long search": {Kind: Mail, To: "a@b.example", Every: Daily, Query: url.Values{"q": {strings.Repeat("x", 2000)}}},
	} {
		if _, err := r.Subscribe(t.Context(), a); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	r = newRig(t)
	var err error
	for i := 0; i < mostAnHour+1 && err == nil; i++ {
		_, err = r.Subscribe(t.Context(), ask(fmt.Sprintf("a%d@b.example", i)))
	}
	if !errors.Is(err, ErrMany) {
		t.Errorf("in one hour: %v", err)
	}
}

func TestTokensAreOfOneUseAndOneNode(t *testing.T) {
	r, other := newRig(t), newRig(t)
	s, err := r.Subscribe(t.Context(), ask("a@b.example"))
	if err != nil {
		t.Fatal(err)
	}
	token, _ := r.Token(s)
	foreign, _ := other.Token(s)
	letters, _ := r.seal("letters", s.ID)
	for _, bad := range []string{"", ".", s.ID, s.ID + ".", s.ID + ".AAAA", foreign, letters, token + "A", strings.Repeat("a", 100) + ".x"} {
		if _, err := r.Find(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := r.Find(token); err != nil {
		t.Error(err)
	}
}

// A hook is a webhook's receiver.
type hook struct {
	mu     sync.Mutex
	secret string
	status int
	got    []Delivery
	bad    int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	raw, _ := io.ReadAll(r.Body)
	var d Delivery
	if json.Unmarshal(raw, &d) != nil {
		w.WriteHeader(400)
		return
	}
	if d.Type == "verify" {
		_, _ = io.WriteString(w, d.Challenge)
		return
	}
	if "sha256="+Sign(h.secret, r.Header.Get("Maillon-Timestamp"), raw) != r.Header.Get("Maillon-Signature") {
		h.bad++
	}
	if h.status != 0 {
		w.WriteHeader(h.status)
		return
	}
	h.got = append(h.got, d)
}

func TestAWebhookGetsSignedNewsUntilItTakesThem(t *testing.T) {
	r, h := newRig(t), &hook{}
	srv := httptest.NewServer(h)
	defer srv.Close()
	r.diary.add("pont ancien")
	s, err := r.Subscribe(t.Context(), Ask{Kind: Webhook, To: srv.URL + "/hook?x=1", Query: url.Values{"q": {"pont"}}})
	if err != nil {
		t.Fatal(err)
	}
	h.secret = s.Secret
	r.diary.add("école", "pont neuf")
	h.status = 500
	r.step()
	r.step() // not before its time
	if len(h.got) != 0 {
		t.Fatal("taken")
	}
	h.status = 0
	r.at = r.at.Add(2 * time.Minute)
	for range 150 {
		r.diary.add("pont")
	}
	r.step()
	r.step()
	if len(h.got) != 2 || h.bad != 0 || len(h.got[0].Items)+len(h.got[1].Items) != 151 || h.got[0].Items[0].Object != "pont neuf" || !h.got[0].More ||
		h.got[0].Items[0].Permalink != "https://x.example/marches/b/2" || h.got[0].Delivery == h.got[1].Delivery {
		t.Errorf("%d deliveries, %d wrongly signed: %+v", len(h.got), h.bad, h.got)
	}
	r.step()
	if len(h.got) != 2 {
		t.Error("the same again")
	}
	r.diary.add("pont de trop")
	h.status = http.StatusGone
	r.step()
	if r.count() != 0 {
		t.Error("410 does not end it")
	}
}

func TestAWebhookThatNeverAnswersIsGivenUp(t *testing.T) {
	r, h := newRig(t), &hook{}
	srv := httptest.NewServer(h)
	if _, err := r.Subscribe(t.Context(), Ask{Kind: Webhook, To: srv.URL, Query: url.Values{}}); err != nil {
		t.Fatal(err)
	}
	srv.Close()
	r.diary.add("pont")
	for range 40 {
		r.step()
		r.at = r.at.Add(webhookLong)
	}
	if r.count() != 0 {
		t.Error("still tried after ten days")
	}
}

func TestWebhooksThatAreRefused(t *testing.T) {
	r := newRig(t)
	echoless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	defer echoless.Close()
	away := httptest.NewServer(http.RedirectHandler(echoless.URL, http.StatusFound))
	defer away.Close()
	for _, to := range []string{echoless.URL, away.URL, "ftp://a.example", "https://u:p@a.example/", "", "http://127.0.0.1:1/"} {
		if _, err := r.Subscribe(t.Context(), Ask{Kind: Webhook, To: to}); !errors.Is(err, ErrWebhook) {
			t.Errorf("%q: %v", to, err)
		}
	}
	r.Loose = false
	if _, err := r.Subscribe(t.Context(), Ask{Kind: Webhook, To: echoless.URL}); !errors.Is(err, ErrWebhook) {
		t.Errorf("plain http: %v", err)
	}
	h := &hook{}
	private := httptest.NewTLSServer(h)
	defer private.Close()
	r.HTTP = &http.Client{Transport: follow.NewClient(follow.Options{}).Transport()}
	if _, err := r.Subscribe(t.Context(), Ask{Kind: Webhook, To: private.URL}); !errors.Is(err, ErrWebhook) || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("a private address: %v", err)
	}
	r.HTTP = nil
	if _, err := r.Subscribe(t.Context(), Ask{Kind: Webhook, To: private.URL}); !errors.Is(err, ErrOff) {
		t.Errorf("switched off: %v", err)
	}
}

func TestLettersGoOnceAMonthAndNotToWhoWantsNone(t *testing.T) {
	r := newRig(t)
	if due, err := r.LettersDue(); due || err != nil {
		t.Errorf("at the first start: %v, %v", due, err)
	}
	r.at = time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	if due, _ := r.LettersDue(); !due {
		t.Error("not in the next month")
	}
	if due, _ := r.LettersDue(); due {
		t.Error("twice in a month")
	}
	list := []Letter{
		{SIRET: "1", Name: "Acigné", To: "a@b.example", Subject: "Bilan", Text: "à corriger", Tag: "t1", Faults: 2},
		{SIRET: "2", Name: "Bruz", To: "c@d.example", Subject: "Bilan", Text: "tout va bien", Tag: "t2"},
		{SIRET: "3", Name: "Cesson", To: "02 99 00 00 00", Tag: "t3", Faults: 1},
	}
	dry, err := r.SendLetters(list, texts.French, true)
	if err != nil || len(dry) != 2 {
		t.Fatalf("%+v, %v", dry, err)
	}
	r.mails(0)
	if _, err := r.SendLetters(list, texts.French, false); err != nil {
		t.Fatal(err)
	}
	token := tokenIn(t, r.mails(2)[0])
	if err := r.Stop(token); err != nil {
		t.Fatal(err)
	}
	if again, err := r.SendLetters(list, texts.French, false); err != nil || len(again) != 0 {
		t.Errorf("to whom nothing is new, or who wants none: %+v, %v", again, err)
	}
	list[1].Tag = "t4"
	if again, err := r.SendLetters(list, texts.French, false); err != nil || len(again) != 1 {
		t.Errorf("something new: %+v, %v", again, err)
	}
}

func TestAnotherDiaryBeginsAtItsEnd(t *testing.T) {
	r := newRig(t)
	s, err := r.Subscribe(t.Context(), ask("a@b.example"))
	if err != nil {
		t.Fatal(err)
	}
	token, _ := r.Token(s)
	if _, err := r.Confirm(token); err != nil {
		t.Fatal(err)
	}
	r.diary.id = "two"
	r.diary.add("pont un", "pont deux")
	r.at = r.at.Add(48 * time.Hour)
	r.step()
	r.mails(1)
	r.diary.add("pont trois")
	r.at = r.at.Add(48 * time.Hour)
	r.step()
	if digest := r.mails(2)[1]; !strings.Contains(digest, "pont trois") || strings.Contains(digest, "pont deux") {
		t.Errorf("%s", digest)
	}
	r.diary.err = view.ErrBehind
	r.at = r.at.Add(48 * time.Hour)
	if err := r.Step(t.Context()); !errors.Is(err, view.ErrBehind) {
		t.Errorf("while the views are made again: %v", err)
	}
}

func TestWhenDigestsAreDue(t *testing.T) {
	at := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC) // a Wednesday
	if got := next(Daily, at); got != time.Date(2026, 11, 26, morning, 0, 0, 0, time.UTC) {
		t.Error(got)
	}
	if got := next(Weekly, at); got != time.Date(2026, 11, 30, morning, 0, 0, 0, time.UTC) {
		t.Error(got)
	}
}
