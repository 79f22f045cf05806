package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"maillon/catalog/enrich"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/node/web"
	"maillon/store"
	"maillon/store/view"
)

func notFound(what, id string) error { return fmt.Errorf("%s %q: %w", what, id, store.ErrNotFound) }

func (s *Server) contractPage(w http.ResponseWriter, r *http.Request) error {
	d, err := s.detail(r)
	if err != nil {
		return err
	}
	return s.showContract(w, r, http.StatusOK, d, web.ReportForm{})
}

// showContract writes the page of a contract, with the form to report errors as it
// was filled in.
func (s *Server) showContract(w http.ResponseWriter, r *http.Request, status int, d view.Detail, f web.ReportForm) error {
	lang := langOf(r)
	shown := d.Versions[0]
	c := shown.Contract
	page := web.ContractPage{
		Address: d.Address, Kind: string(d.Kind), State: string(d.State), Schema: string(shown.Schema), Title: c.Object,
		Permalink: s.absolute("/marches/" + d.Address), JSON: s.base() + "/api/v1/contracts/" + d.Address,
		Buyer: d.Buyer, BuyerName: d.BuyerName, BuyerURL: s.at("/acheteurs/" + url.PathEscape(d.Buyer)), Withdrawn: d.State == view.Withdrawn,
		Fields: contractFields(c, lang), Modifications: modificationRows(c.Modifications, lang),
	}
	added := enrich.Of(c, s.Firms.Firm)
	page.Figures = contractFigures(c, lang)
	page.Enrichment, page.Suppliers = enrichRows(added, lang), s.knownSuppliers(c.Suppliers, lang)
	nameCPV(page.Fields, page.Enrichment.CPV, lang)
	if page.Title == "" {
		page.Title = d.ID
	}
	if page.BuyerName == "" {
		page.BuyerName = s.Catalog.BuyerName(d.Buyer)
	}
	if page.BuyerName == d.Buyer && added.Buyer.Name != nil {
		page.BuyerName = added.Buyer.Name.Value
	}
	if d.State == view.Redacted {
		page.Redacted = shown.Note
	}
	if shown.Node == s.Self.ID && d.State == pivot.ToCorrect && c.Generation == pivot.Gen2 {
		page.FixURL = s.base() + "/saisie?contract=" + url.QueryEscape(d.Address)
	}
	if s.Static {
		s.withoutAnswers(&page)
	}
	for _, p := range shown.Problems {
		page.Problems = append(page.Problems, problemRow(p, lang))
	}
	for _, rep := range shown.Repairs {
		page.Repairs = append(page.Repairs, rep.Pointer+" : "+rep.Text(lang))
	}
	if err := s.versionRows(&page, d, lang); err != nil {
		return err
	}
	for _, lot := range d.Lots {
		row := web.LotRow{Title: lot.Object, URL: s.at("/marches/" + lot.Address)}
		if lot.Amount != nil {
			row.Amount = web.FormatMoney(lang, *lot.Amount)
		}
		page.Lots = append(page.Lots, row)
	}
	if err := s.contractReports(&page, d.Address, f); err != nil {
		return err
	}
	return s.page(w, r, status, page)
}

// nameCPV adds its name to the code, if there is one in the page's language.
func nameCPV(fields []web.FieldRow, labels []web.LabelRow, lang texts.Lang) {
	if len(labels) == 0 || labels[len(labels)-1].Lang != string(lang) {
		return
	}
	for i := range fields {
		if fields[i].Legal == "codeCPV" {
			fields[i].Value += " – " + labels[len(labels)-1].Name
		}
	}
}

// versionRows adds every version and every source of it.
func (s *Server) versionRows(page *web.ContractPage, d view.Detail, lang texts.Lang) error {
	name, err := s.nodeNames()
	if err != nil {
		return err
	}
	shown := fields(d.Versions[0].Contract)
	for i, v := range d.Versions {
		row := s.versionRow(v, name)
		row.Shown, row.Differs = i == 0, differRows(shown, fields(v.Contract), v.Differs, lang)
		page.Versions = append(page.Versions, row)
		for _, also := range v.Also {
			again := row
			again.Node, again.NodeName, again.Index, again.Epoch, again.At = also.Node, name[also.Node], also.Index, also.Epoch, also.ReceivedAt
			again.Shown, again.Reason, again.Differs = false, "repeat", nil
			page.Versions = append(page.Versions, again)
		}
	}
	page.Decisions = s.decisionRows(d.Decisions, name)
	return nil
}

func (s *Server) versionRow(v view.VersionDetail, name map[string]string) web.VersionRow {
	row := web.VersionRow{
		Node: v.Node, NodeName: name[v.Node], Authority: v.Authority, State: string(v.State), Reason: v.Reason, Index: v.Index, Epoch: v.Epoch,
		At: v.ReceivedAt, Published: v.Contract.LatestPublication(),
	}
	if v.Withdrawn {
		row.State = string(view.Withdrawn)
	}
	return row
}

// differRows are fields in which two contracts differ, as both say them.
func differRows(shown, here map[string]json.RawMessage, names []string, lang texts.Lang) []web.DifferRow {
	var rows []web.DifferRow
	for _, f := range names {
		row := web.DifferRow{Legal: f, Shown: plain(shown[f], lang), Here: plain(here[f], lang)}
		if key := "field." + f; texts.Has(key) {
			row.Label = texts.T(lang, key)
		}
		rows = append(rows, row)
	}
	return rows
}

// plain is a JSON value as one line of text.
func plain(raw json.RawMessage, lang texts.Lang) string {
	var s string
	switch {
	case raw == nil:
		return texts.T(lang, "value.none")
	case json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}

// contractFigures are how much a contract is worth and from when to when it runs, after
// its modifications.
func contractFigures(c pivot.Contract, lang texts.Lang) []web.Figure {
	var figures []web.Figure
	add := func(key, value, note string) {
		if value != "" {
			figures = append(figures, web.Figure{Label: texts.T(lang, key), Value: value, Note: note})
		}
	}
	now := c.Current()
	amount, changed := money(now.Amount, lang), ""
	if first := money(c.Amount, lang); first != "" && first != amount {
		changed = texts.T(lang, "web.contract.first", first)
	}
	add("field.montant", amount, changed)
	add("field.dateNotification", date(c.Notified, lang), "")
	if end := now.End(); end != "" {
		add("web.contract.ends", date(end, lang), texts.T(lang, "web.contract.after", months(now.Months, lang)))
	}
	return figures
}

// contractFields lists what the contract gives, in the order in which people
// read it. Suppliers and modifications have tables of their own.
func contractFields(c pivot.Contract, lang texts.Lang) []web.FieldRow {
	var rows []web.FieldRow
	add := func(legal, value string) {
		if value != "" {
			rows = append(rows, web.FieldRow{Label: texts.T(lang, "field."+legal), Legal: legal, Value: value})
		}
	}
	add("id", c.ID)
	add("nature", c.Nature)
	add("codeCPV", c.CPV)
	add("procedure", c.Procedure)
	add("montant", money(c.Amount, lang))
	add("montantSubventionPublique", money(c.Subsidy, lang))
	add("dureeMois", months(c.Months, lang))
	add("dateNotification", date(c.Notified, lang))
	add("datePublicationDonnees", date(c.Published, lang))
	add("dateDebutExecution", date(c.Start, lang))
	add("lieuExecution", place(c.Place))
	add("techniques", strings.Join(c.Techniques, ", "))
	add("modalitesExecution", strings.Join(c.Modalities, ", "))
	add("idAccordCadre", c.FrameworkID)
	add("formePrix", c.PriceForm)
	add("typesPrix", strings.Join(c.PriceTypes, ", "))
	add("offresRecues", number(c.Offers))
	add("typeGroupementOperateurs", c.Grouping)
	add("ccag", c.CCAG)
	add("marcheInnovant", yesNo(c.Innovative, lang))
	add("attributionAvance", yesNo(c.Advance, lang))
	add("tauxAvance", percent(c.AdvanceRate))
	add("sousTraitanceDeclaree", yesNo(c.Subcontracting, lang))
	for _, sub := range c.Subcontracts {
		add("actesSousTraitance", texts.T(lang, "value.subcontract", number(sub.ID), sub.Supplier.ID, money(sub.Amount, lang)))
	}
	for _, ch := range c.SubcontractChanges {
		add("modificationsActesSousTraitance", texts.T(lang, "value.subcontract", number(ch.ID), date(ch.Notified, lang), money(ch.Amount, lang)))
	}
	add("considerationsSociales", strings.Join(c.Social, ", "))
	add("considerationsEnvironnementales", strings.Join(c.Environment, ", "))
	add("origineUE", percent(c.OriginEU))
	add("origineFrance", percent(c.OriginFR))
	for _, e := range c.Execution {
		add("donneesExecution", strings.TrimSpace(date(e.Published, lang)+" "+money(e.Investment, lang)))
	}
	return rows
}

func money(v *float64, lang texts.Lang) string {
	if v == nil {
		return ""
	}
	return web.FormatMoney(lang, *v)
}

func date(s string, lang texts.Lang) string {
	if s == "" {
		return ""
	}
	return web.FormatDate(lang, s)
}

func months(n *int, lang texts.Lang) string {
	if n == nil {
		return ""
	}
	return texts.T(lang, "value.months", *n)
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func percent(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v*100, 'f', -1, 64) + " %"
}

func yesNo(b *bool, lang texts.Lang) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return texts.T(lang, "value.yes")
	}
	return texts.T(lang, "value.no")
}

func place(p *pivot.Place) string {
	if p == nil {
		return ""
	}
	out := strings.TrimSpace(p.Name + " " + p.Code)
	if p.CodeType != "" {
		out += " (" + p.CodeType + ")"
	}
	return out
}

func supplierRows(list []pivot.Supplier) []web.SupplierRow {
	var rows []web.SupplierRow
	for _, s := range list {
		rows = append(rows, web.SupplierRow{ID: s.ID, IDType: s.IDType, Name: s.Name})
	}
	return rows
}

func modificationRows(list []pivot.Modification, lang texts.Lang) []web.ModificationRow {
	var rows []web.ModificationRow
	for i, m := range list {
		n := number(m.ID)
		if n == "" {
			n = strconv.Itoa(i + 1)
		}
		rows = append(rows, web.ModificationRow{
			Number: n, Date: date(m.Notified, lang), Published: date(m.Published, lang), Months: months(m.Months, lang),
			Amount: money(m.Amount, lang), Suppliers: supplierRows(m.Suppliers), Object: m.Object,
		})
	}
	return rows
}
