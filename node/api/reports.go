package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"maillon/catalog/texts"
	"maillon/federation"
	"maillon/node/reports"
	"maillon/node/web"
)

// LateReport is after how long without an answer a report is said to be late.
const LateReport = 30 * 24 * time.Hour

// A ReportJSON is what is public of a report.
type ReportJSON struct {
	ID       string    `json:"id"`
	Contract string    `json:"contract"` // address
	Topic    string    `json:"topic"`    // wrong, duplicate, missing, person, other
	Made     time.Time `json:"made"`
	State    string    `json:"state"` // waiting, received, answered, corrected, rejected
	Changed  time.Time `json:"changed"`
	Node     string    `json:"node"`             // the buyer's, which answers
	Answer   string    `json:"answer,omitempty"` // of the buyer
	Record   string    `json:"record,omitempty"` // hash of the record that corrects
	Text     string    `json:"text,omitempty"`   // of the reporter, if the buyer has published it
	Late     bool      `json:"late,omitempty"`   // unanswered for more than thirty days
}

func (s *Server) reportJSON(r reports.Report) ReportJSON {
	out := ReportJSON{
		ID: r.ID, Contract: r.Contract, Topic: r.Topic, Made: r.Made, State: r.State, Changed: r.Changed, Node: r.To, Answer: r.Answer, Record: r.Record, Late: s.late(r),
	}
	if r.Shown {
		out.Text = r.Text
	}
	return out
}

func (s *Server) late(r reports.Report) bool { return !r.Closed() && s.Now().Sub(r.Made) > LateReport }

// reportRoutes are where errors are reported and answered.
func (s *Server) reportRoutes(r, v1 *mux.Router) {
	if s.Reports == nil {
		return
	}
	v1.Handle("/reports", s.answer(s.listReports)).Methods("GET", "HEAD")
	v1.Handle("/reports/{id}", s.answer(s.getReport)).Methods("GET", "HEAD")
	r.Handle("/marches/{buyer}/{slug}/signaler", s.answer(s.postReport)).Methods("POST")
	r.Handle("/signalements", s.answer(s.reportsPage)).Methods("GET", "HEAD")
	r.Handle("/signalements/{id}", s.answer(s.reportPage)).Methods("GET", "HEAD")
	r.Handle("/signalements/{id}", s.answer(s.postAnswer)).Methods("POST")
}

// A reportQuery filters reports.
type reportQuery struct {
	state, contract, buyer, node, after string
	limit                               int
}

var reportFilters = []string{"state", "contract", "buyer", "node", "after", "limit", "lang"}

func reportQueryOf(v url.Values) (q reportQuery, err error) {
	for name := range v {
		if !slices.Contains(reportFilters, name) {
			return q, &BadParameter{name, v.Get(name), strings.Join(reportFilters, ", ")}
		}
	}
	q = reportQuery{state: v.Get("state"), contract: v.Get("contract"), buyer: v.Get("buyer"), node: v.Get("node"), after: v.Get("after"), limit: defaultPage}
	if known := append([]string{"", reports.Waiting}, federation.ReportStates...); !slices.Contains(known, q.state) {
		return q, &BadParameter{"state", q.state, strings.Join(known[1:], ", ")}
	}
	if l := v.Get("limit"); l != "" {
		if q.limit, err = strconv.Atoi(l); err != nil || q.limit < 1 || q.limit > maxPage {
			return q, &BadParameter{"limit", l, "1 to " + strconv.Itoa(maxPage)}
		}
	}
	return q, nil
}

func (q reportQuery) match(r reports.Report) bool {
	return (q.state == "" || r.State == q.state) && (q.contract == "" || r.Contract == q.contract) &&
		(q.buyer == "" || strings.HasPrefix(r.Contract, q.buyer+"/")) && (q.node == "" || r.To == q.node)
}

func (s *Server) listReports(w http.ResponseWriter, r *http.Request) error {
	q, err := reportQueryOf(r.URL.Query())
	if err != nil {
		return err
	}
	list, total, more, err := s.Reports.Book.Each(q.after, q.limit, q.match)
	if err != nil {
		return err
	}
	answer := page[ReportJSON]{Total: total, Items: []ReportJSON{}}
	for _, one := range list {
		answer.Items = append(answer.Items, s.reportJSON(one))
	}
	if more {
		answer.Next = list[len(list)-1].ID
	}
	return writeJSON(w, answer)
}

func (s *Server) getReport(w http.ResponseWriter, r *http.Request) error {
	one, err := s.Reports.Book.Get(mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	return writeJSON(w, s.reportJSON(one))
}

// A stamper says when a page was opened, in a way that cannot be made up. Programs
// that fill in every form send it at once, and keep it for long.
type stamper struct {
	once   sync.Once
	secret [32]byte
}

const (
	stampLeast = 2 * time.Second
	stampMost  = 24 * time.Hour
)

func (s *stamper) sum(at string) string {
	s.once.Do(func() { _, _ = rand.Read(s.secret[:]) }) // never fails (crypto/rand)
	h := hmac.New(sha256.New, s.secret[:])
	h.Write([]byte(at))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *stamper) stamp(now time.Time) string {
	at := strconv.FormatInt(now.UnixMilli(), 10)
	return at + "." + s.sum(at)
}

func (s *stamper) good(stamp string, now time.Time) bool {
	at, sum, _ := strings.Cut(stamp, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	age := now.Sub(time.UnixMilli(ms))
	return err == nil && hmac.Equal([]byte(sum), []byte(s.sum(at))) && age >= stampLeast && age <= stampMost
}

// maxReportForm bounds what the form sends.
const maxReportForm = 32 << 10

// postReport takes a report from the page of a contract.
func (s *Server) postReport(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxReportForm)
	if err := r.ParseForm(); err != nil {
		return &BadParameter{"text", "", "a form of at most 32 KiB"}
	}
	d, err := s.detail(r)
	if err != nil {
		return err
	}
	f := web.ReportForm{Topic: r.PostFormValue("topic"), Text: r.PostFormValue("text"), Mail: r.PostFormValue("mail")}
	refuse := func(status int, why string) error {
		f.Error = texts.T(langOf(r), "web.report.error."+why)
		return s.showContract(w, r, status, d, f)
	}
	switch {
	case r.PostFormValue("site") != "": // a program filled in what nobody sees
		http.Redirect(w, r, s.base()+"/marches/"+d.Address, http.StatusSeeOther)
		return nil
	case !s.stamps.good(r.PostFormValue("stamp"), s.Now()):
		return refuse(http.StatusUnprocessableEntity, "stamp")
	case !s.MayReport(r):
		return refuse(http.StatusTooManyRequests, "many")
	}
	made, err := s.Reports.Make(reports.Entry{Contract: d.Address, Topic: f.Topic, Text: f.Text, Mail: f.Mail})
	if why := reportError(err); why != "" {
		return refuse(http.StatusUnprocessableEntity, why)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, s.base()+"/signalements/"+made.ID+"?merci=1"+langParam(r), http.StatusSeeOther)
	return nil
}

func langParam(r *http.Request) string {
	if l := r.URL.Query().Get("lang"); l != "" {
		return "&lang=" + url.QueryEscape(l)
	}
	return ""
}

// reportError is the last part of the key of the text that explains an error to
// whoever wrote; "" if it is not theirs to mend.
func reportError(err error) string {
	for _, c := range []struct {
		err error
		key string
	}{
		{reports.ErrText, "text"}, {reports.ErrMail, "mail"}, {reports.ErrTopic, "topic"}, {reports.ErrFull, "many"},
		{reports.ErrNotOurs, "ours"}, {reports.ErrNothing, "nothing"}, {reports.ErrNoOutcome, "nothing"}, {reports.ErrNoRecord, "record"},
	} {
		if errors.Is(err, c.err) {
			return c.key
		}
	}
	return ""
}

// ReportProblem is what an error of a report says to people; "" if it is not theirs.
func ReportProblem(lang texts.Lang, err error) string {
	if why := reportError(err); why != "" {
		return texts.T(lang, "web.report.error."+why)
	}
	return ""
}

func (s *Server) reportRow(r reports.Report, name map[string]string) web.ReportRow {
	row := web.ReportRow{
		ID: r.ID, URL: s.base() + "/signalements/" + r.ID, Contract: r.Contract, ContractURL: s.base() + "/marches/" + r.Contract, Topic: r.Topic, State: r.State,
		Made: r.Made, Changed: r.Changed, Node: r.To, NodeName: name[r.To], Answer: r.Answer, Late: s.late(r),
	}
	if r.Record != "" {
		row.RecordURL = row.ContractURL
	}
	if r.Shown {
		row.Text = r.Text
	}
	return row
}

// privateRow is a row as an operator of this node sees it.
func (s *Server) privateRow(r reports.Report, name map[string]string) web.ReportRow {
	row := s.reportRow(r, name)
	if row.Answerable = r.To == s.Self.ID; row.Answerable {
		row.Text, row.Mail = r.Text, r.Mail
	}
	for _, o := range r.Out {
		if o.Error != "" {
			row.Error = o.Error
		}
	}
	return row
}

func (s *Server) reportPage(w http.ResponseWriter, r *http.Request) error {
	one, err := s.Reports.Book.Get(mux.Vars(r)["id"])
	if err != nil {
		return err
	}
	name, err := s.nodeNames()
	if err != nil {
		return err
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	return s.page(w, r, http.StatusOK, web.ReportPage{ReportRow: s.reportRow(one, name), Thanks: r.URL.Query().Get("merci") != ""})
}

// ReportsPage fills a page of reports that stands at a path; private tells what
// operators of this node may read.
func (s *Server) ReportsPage(v url.Values, path string, private bool) (web.ReportsPage, error) {
	for _, param := range []string{"fait", "quoi"} {
		v.Del(param)
	}
	for key, values := range v {
		if len(values) == 0 || values[0] == "" {
			v.Del(key)
		}
	}
	q, err := reportQueryOf(v)
	if err != nil {
		return web.ReportsPage{}, err
	}
	const onPage = 30
	list, total, more, err := s.Reports.Book.Each(q.after, onPage, q.match)
	if err != nil {
		return web.ReportsPage{}, err
	}
	name, err := s.nodeNames()
	if err != nil {
		return web.ReportsPage{}, err
	}
	page := web.ReportsPage{Total: total, State: q.state, JSON: s.base() + "/api/v1/reports", Agent: private}
	for _, one := range list {
		if private {
			page.Items = append(page.Items, s.privateRow(one, name))
		} else {
			page.Items = append(page.Items, s.reportRow(one, name))
		}
	}
	if q.after != "" {
		v.Del("after")
		page.First = path + "?" + v.Encode()
	}
	if more {
		v.Set("after", list[len(list)-1].ID)
		page.Next = path + "?" + v.Encode()
	}
	return page, nil
}

func (s *Server) reportsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showReports(w, r, http.StatusOK, "")
}

// showReports lists reports; for an agent who is logged in with what is private.
func (s *Server) showReports(w http.ResponseWriter, r *http.Request, status int, wrong string) error {
	open, agent := s.sessions.of(r, s.Now())
	v := r.URL.Query()
	said := v.Get("fait") == "report"
	page, err := s.ReportsPage(v, s.base()+"/signalements", agent)
	if err != nil {
		return err
	}
	page.Error, page.Path = wrong, s.base()+"/signalements/"
	if agent {
		page.CSRF = open.form
		if said {
			page.Said = texts.T(langOf(r), "web.report.said")
		}
		w.Header().Set("Cache-Control", "no-store") // it tells what is private
		return s.Pages.Render(w, r, status, langOf(r), page)
	}
	return s.page(w, r, status, page)
}

// postAnswer is an agent's answer.
func (s *Server) postAnswer(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxReportForm)
	open, ok := s.sessions.of(r, s.Now())
	if !ok || !open.sent(r) {
		return errForm
	}
	_, err := s.Reports.Answer(mux.Vars(r)["id"], reports.Answer{State: r.PostFormValue("state"), Text: r.PostFormValue("text"), Show: r.PostFormValue("show") != ""})
	if why := ReportProblem(langOf(r), err); why != "" {
		return s.showReports(w, r, http.StatusUnprocessableEntity, why)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, s.base()+"/signalements?fait=report"+langParam(r), http.StatusSeeOther)
	return nil
}

// contractReports are what stands of reports on the page of a contract.
func (s *Server) contractReports(page *web.ContractPage, address string, f web.ReportForm) error {
	if s.Reports == nil {
		return nil
	}
	list, err := s.Reports.Book.On(address)
	if err != nil {
		return err
	}
	name, err := s.nodeNames()
	if err != nil {
		return err
	}
	for _, one := range slices.Backward(list) {
		page.Reports = append(page.Reports, s.reportRow(one, name))
	}
	f.Action, f.Stamp = s.base()+"/marches/"+address+"/signaler", s.stamps.stamp(s.Now())
	page.Report = &f
	return nil
}
