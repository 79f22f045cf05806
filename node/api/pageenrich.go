package api

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"maillon/catalog/audit"
	"maillon/catalog/enrich"
	"maillon/catalog/pivot"
	"maillon/catalog/texts"
	"maillon/node/firms"
	"maillon/node/web"
	"maillon/store/search"
)

// enrichRows are what is added to a contract, for its page.
func enrichRows(e enrich.Enrichment, lang texts.Lang) web.Enrichment {
	var out web.Enrichment
	if e.Buyer.Where != nil {
		out.Buyer = areaRows(*e.Buyer.Where, lang)
	}
	if e.Place != nil {
		out.Place = areaRows(*e.Place, lang)
	}
	for _, l := range e.CPV {
		row := web.LabelRow{Code: l.Code, Name: l.Name, Lang: string(texts.English)}
		if lang == texts.French && l.French != "" {
			row.Name, row.Lang = l.French, string(lang)
		}
		out.CPV = append(out.CPV, row)
	}
	return out
}

func areaRows(w enrich.Where, lang texts.Lang) (out []web.AreaRow) {
	for _, a := range w.Areas() {
		parts := strings.Split(a.Geozone, ":")
		row := web.AreaRow{Level: parts[1], Code: a.Code, Name: a.Name, Source: sourceWords(a.Source, lang)}
		if a.Former != "" {
			row.Note = texts.T(lang, "web.enrich.former", a.Former)
		}
		out = append(out, row)
	}
	return out
}

// sourceWords says where a value comes from.
func sourceWords(source string, lang texts.Lang) string {
	if source == enrich.COG {
		source = "cog"
	}
	return texts.T(lang, "web.enrich."+source)
}

// firmFacts are what SIRENE says of a party, in words.
func firmFacts(p enrich.Party, lang texts.Lang) (out []web.PartyFact) {
	add := func(key string, v *enrich.Value, words string) {
		if v != nil {
			out = append(out, web.PartyFact{Label: texts.T(lang, "web.enrich."+key), Value: cmp.Or(words, v.Value), Source: sourceWords(v.Source, lang)})
		}
	}
	said := func(key string, v *enrich.Value) string {
		if v == nil || !texts.Has("web.enrich."+key+"."+v.Value) {
			return ""
		}
		return texts.T(lang, "web.enrich."+key+"."+v.Value)
	}
	add("name", p.Name, "")
	add("category", p.Category, said("category", p.Category))
	add("size", p.Size, said("size", p.Size))
	add("activity", p.Activity, "")
	add("legal", p.Legal, "")
	state := func(key string) {
		out = append(out, web.PartyFact{Label: texts.T(lang, "web.enrich.state"), Value: texts.T(lang, "web.enrich."+key), Source: sourceWords(enrich.SIRENE, lang)})
	}
	if p.Closed {
		state("closed")
	}
	if p.Withheld {
		state("withheld")
	}
	return out
}

func (s *Server) supplierPage(w http.ResponseWriter, r *http.Request) error {
	lang := langOf(r)
	one, err := s.supplier(pathVar(r, "id"))
	if err != nil {
		return err
	}
	k, err := s.Known(r.Context())
	if err != nil {
		return err
	}
	page := web.SupplierPage{
		ID: one.ID, Facts: firmFacts(one.Party, lang), Contracts: one.Contracts, ContractsURL: s.base() + "/marches?supplier=" + url.QueryEscape(one.ID),
		JSON: s.base() + "/api/v1/suppliers/" + url.PathEscape(one.ID), Met: k.Suppliers.Met, Known: k.Suppliers.Known,
		Percent: audit.Percent(k.Suppliers.Known, k.Suppliers.Met), Sources: knownSources(k, lang),
	}
	if one.Name != nil {
		page.Name = one.Name.Value
	}
	if one.Where != nil {
		page.Where = areaRows(*one.Where, lang)
	}
	_, page.Found = s.Firms.Firm(one.ID)
	if page.Numbers, err = s.numbersAbout(r, search.Query{Supplier: []string{one.ID}}, counter.ofSupplier); err != nil {
		return err
	}
	return s.page(w, r, http.StatusOK, page)
}

func knownSources(k KnownJSON, lang texts.Lang) (out []string) {
	for _, src := range k.Sources {
		out = append(out, texts.T(lang, "web.known.source", src.File, date(src.Newest, lang), date(src.Imported.Format("2006-01-02"), lang)))
	}
	return out
}

// knownRows are how much is known, for the page on quality.
func (s *Server) knownRows(r *http.Request, lang texts.Lang) (web.Known, error) {
	k, err := s.Known(r.Context())
	if err != nil {
		return web.Known{}, err
	}
	row := func(who string, rate firms.Rate) web.KnownRow {
		return web.KnownRow{
			Who: texts.T(lang, "web.known."+who), Met: rate.Met, Known: rate.Known, Withheld: rate.Withheld, Invalid: rate.Invalid,
			Unknown: rate.Met - rate.Known, Percent: audit.Percent(rate.Known, rate.Met),
		}
	}
	return web.Known{Sources: knownSources(k, lang), Rows: []web.KnownRow{row("buyers", k.Buyers), row("suppliers", k.Suppliers)}, Others: k.Suppliers.Others}, nil
}

// knownSuppliers are a contract's suppliers with what is known of each.
func (s *Server) knownSuppliers(list []pivot.Supplier, lang texts.Lang) []web.SupplierRow {
	rows := supplierRows(list)
	for i, said := range list {
		if said.ID == "" {
			continue
		}
		p := enrich.Supplier(said, s.Firms.Firm)
		if !s.Static {
			rows[i].URL = s.base() + "/titulaires/" + url.PathEscape(said.ID)
		}
		var notes []string
		if rows[i].Name == "" && p.Name != nil {
			rows[i].Name = p.Name.Value
			notes = append(notes, sourceWords(p.Name.Source, lang))
		}
		if p.Where != nil && p.Where.Commune != nil {
			notes = append(notes, p.Where.Commune.Name)
		}
		if p.Category != nil {
			notes = append(notes, p.Category.Value)
		}
		if p.Withheld {
			notes = append(notes, texts.T(lang, "web.enrich.withheld"))
		}
		rows[i].Note = strings.Join(notes, " · ")
	}
	return rows
}
