package pivot

// contract reads the record whose root is n.
func (r *normReader) contract(n *normNode) Contract {
	c := Contract{Kind: r.kind, Generation: r.gen}
	if n.kind != '{' {
		if n.kind != 0 {
			r.unreadable(n)
		}
		return c
	}
	r.head(n, &c)
	r.award(n, &c)
	r.clauses(n, &c)
	c.Suppliers = r.suppliers(r.take(n, r.pair("titulaires", "concessionnaires")...))
	r.lists(n, &c)
	if t := n.get("_type"); t != nil && t.text == normTypeName[r.kind] {
		t.used = true // says what the kind says
	}
	return c
}

// normTypeName is the value of _type for each kind (1.x).
var normTypeName = map[Kind]string{Marche: "Marché", Concession: "Contrat de concession"}

// pair orders the names that a field has in a marché and in a concession:
// the one of this kind first.
func (r *normReader) pair(marche, concession string) []string {
	if r.kind == Concession {
		return []string{concession, marche}
	}
	return []string{marche, concession}
}

// head reads who, what and where.
func (r *normReader) head(n *normNode, c *Contract) {
	c.ID = r.text(r.take(n, "id"))
	c.Buyer = r.buyer(n, c.ID)
	c.Nature = r.word(r.take(n, "nature"), normNatures)
	c.Object = r.text(r.take(n, "objet"))
	c.CPV = r.text(r.take(n, "codeCPV")) // a concession has none in the law, but some write it
	c.Procedure = r.word(r.take(n, "procedure"), normProcedures)
	c.Place = r.place(n)
}

// buyer reads who buys; see readIdentity for the forms that exports give it.
func (r *normReader) buyer(n *normNode, id string) Buyer {
	groups := r.pair("acheteur", "autoriteConcedante")
	b := r.take(n, groups...)
	if b != nil && b.kind != '{' {
		if s := r.text(b); s != "" {
			r.unreadable(b)
		}
	}
	buyer := Buyer{Name: r.text(r.within(n, b, "nom", groups...))}
	if buyer.ID = r.siret(r.within(n, b, "id", groups...)); buyer.ID == "" {
		buyer.ID = r.siret(r.within(n, b, "siret", groups...))
	}
	if uid := n.get("uid"); buyer.ID == "" && uid != nil {
		if buyer.ID = readBuyerOf(uid.text, id); buyer.ID != "" {
			r.say(uid, repairName, "uid", groups[0]+".id")
		}
	}
	return buyer
}

// within takes the member name of obj or, where an export has flattened obj,
// the member of n called after the group: acheteur_id, acheteur.id.
func (r *normReader) within(n, obj *normNode, name string, groups ...string) *normNode {
	if obj != nil {
		return r.take(obj, name)
	}
	for _, group := range groups {
		for _, written := range [...]string{group + "_" + name, group + "." + name} {
			if kid := r.take(n, written); kid != nil {
				r.say(kid, repairName, written, groups[0]+"."+name)
				return kid
			}
		}
	}
	return nil
}

func (r *normReader) place(root *normNode) *Place {
	const group = "lieuExecution"
	n := r.take(root, group)
	if n != nil && n.kind != '{' {
		if s := r.text(n); s != "" {
			r.unreadable(n)
		}
		return nil
	}
	// NC is a place here: the ISO code of Nouvelle-Calédonie.
	p := Place{
		Code:     r.plain(r.within(root, n, "code", group)),
		CodeType: r.word(r.within(root, n, "typeCode", group), normCodeTypes),
		Name:     r.text(r.within(root, n, "nom", group)),
	}
	if p == (Place{}) {
		return nil
	}
	return &p
}

// award reads when, how long and how much.
func (r *normReader) award(n *normNode, c *Contract) {
	c.Months = r.whole(r.take(n, "dureeMois"))
	c.Notified = r.date(r.take(n, r.pair("dateNotification", "dateSignature")...))
	c.Published = r.date(r.take(n, "datePublicationDonnees"))
	c.Amount = r.number(r.take(n, r.pair("montant", "valeurGlobale")...))
	if r.kind == Concession {
		c.Start = r.date(r.take(n, "dateDebutExecution"))
		c.Subsidy = r.number(r.take(n, "montantSubventionPublique"))
	}
	c.PriceForm = r.word(r.take(n, "formePrix"), normPriceForms)
}

// clauses reads what the arrêtés of 2022 added.
func (r *normReader) clauses(n *normNode, c *Contract) {
	c.Techniques = r.words(r.take(n, "techniques", "technique"), normTechniques, "Sans objet", "technique")
	c.Modalities = r.words(r.take(n, "modalitesExecution", "modaliteExecution"), normModalities, "Sans objet", "modaliteExecution")
	c.FrameworkID = r.text(r.take(n, "idAccordCadre"))
	c.Innovative = r.boolean(r.take(n, "marcheInnovant"))
	c.CCAG = r.orNone(r.take(n, "ccag"), normCCAGs, "Pas de CCAG")
	c.Offers = r.whole(r.take(n, "offresRecues"))
	c.Advance = r.boolean(r.take(n, "attributionAvance"))
	c.AdvanceRate = r.number(r.take(n, "tauxAvance"))
	c.Grouping = r.orNone(r.take(n, "typeGroupementOperateurs"), normGroupings, "Pas de groupement")
	c.PriceTypes = r.words(r.take(n, "typesPrix", "typePrix"), normPriceTypes, "", "typePrix")
	c.OriginEU = r.number(r.take(n, "origineUE"))
	c.OriginFR = r.number(r.take(n, "origineFrance"))
	c.Social = r.words(r.take(n, "considerationsSociales"), normSocials, "Pas de considération sociale", "considerationSociale")
	c.Environment = r.words(r.take(n, "considerationsEnvironnementales"), normGreens,
		"Pas de considération environnementale", "considerationEnvironnementale")
	c.Subcontracting = r.boolean(r.take(n, "sousTraitanceDeclaree"))
}

// orNone reads a value that 2.0.0 left empty to say none.
func (r *normReader) orNone(n *normNode, list normWords, none string) string {
	if n != nil && r.v200 && (n.kind == 'n' || n.kind == '"' && n.text == "") {
		r.say(n, repairVersion, string(n.raw), none)
		return none
	}
	return r.word(n, list)
}

// lists reads the lists of objects.
func (r *normReader) lists(n *normNode, c *Contract) {
	acts := r.take(n, "actesSousTraitance")
	for _, it := range r.objects(acts, "acteSousTraitance") {
		c.Subcontracts = normAdd(r, it, c.Subcontracts, r.subcontract(it))
	}
	c.Subcontracts = normUnique(r, acts, c.Subcontracts, func(s Subcontract) string { return string(completSubcontract(nil, s)) })

	changes := r.take(n, "modificationsActesSousTraitance")
	for _, it := range r.objects(changes, "modificationActeSousTraitance", "modificationActesSousTraitance") {
		c.SubcontractChanges = normAdd(r, it, c.SubcontractChanges, r.subcontractChange(it))
	}
	c.SubcontractChanges = normUnique(r, changes, c.SubcontractChanges,
		func(s SubcontractChange) string { return string(completSubcontractChange(nil, s)) })

	mods := r.take(n, "modifications")
	for _, it := range r.objects(mods, "modification") {
		c.Modifications = normAdd(r, it, c.Modifications, r.modification(it))
	}
	c.Modifications = normUnique(r, mods, c.Modifications, func(m Modification) string { return string(completModification(nil, m)) })

	if r.kind != Concession {
		return
	}
	years := r.take(n, "donneesExecution")
	for _, it := range r.objects(years, "donneesAnnuelles") {
		c.Execution = normAdd(r, it, c.Execution, r.executionYear(it))
	}
	c.Execution = normUnique(r, years, c.Execution, func(e ExecutionYear) string { return string(completExecutionYear(nil, e)) })
}

func (r *normReader) suppliers(n *normNode) []Supplier {
	var list []Supplier
	names := r.pair("titulaire", "concessionnaire")
	for _, it := range r.objects(n, names...) {
		list = normAdd(r, it, list, r.supplier(it))
	}
	return normUnique(r, n, list, func(s Supplier) string { return string(completSupplier(nil, s)) })
}

func (r *normReader) supplier(n *normNode) Supplier {
	s := Supplier{IDType: r.word(r.take(n, "typeIdentifiant"), normIDTypes)}
	if id := r.take(n, "id"); s.IDType == "SIRET" {
		s.ID = r.siret(id)
	} else {
		s.ID = r.text(id)
	}
	s.Name = r.text(r.take(n, "denominationSociale"))
	return s
}

func (r *normReader) subcontract(n *normNode) Subcontract {
	s := Subcontract{
		ID:        r.whole(r.take(n, "id")),
		Months:    r.whole(r.take(n, "dureeMois")),
		Notified:  r.date(r.take(n, "dateNotification")),
		Published: r.date(r.take(n, "datePublicationDonnees")),
		Amount:    r.number(r.take(n, "montant")),
		PriceVar:  r.word(r.take(n, "variationPrix"), normPriceVars),
	}
	if who := r.take(n, "sousTraitant"); who != nil {
		if who.kind == '{' {
			s.Supplier = r.supplier(who)
		} else if t := r.text(who); t != "" {
			r.unreadable(who)
		}
	}
	return s
}

func (r *normReader) subcontractChange(n *normNode) SubcontractChange {
	return SubcontractChange{
		ID:     r.whole(r.take(n, "id")),
		Months: r.whole(r.take(n, "dureeMois")),
		Notified: r.date(r.take(n, "dateNotificationModificationSousTraitance",
			"dateNotificationModificationActeSousTraitance")),
		Published: r.date(r.take(n, "datePublicationDonnees",
			"datePublicationDonneesModificationActeSousTraitance", "datePublicationDonneesModificationSousTraitance")),
		Amount: r.number(r.take(n, "montant")),
	}
}

func (r *normReader) modification(n *normNode) Modification {
	return Modification{
		ID:        r.whole(r.take(n, "id")),
		Object:    r.text(r.take(n, "objetModification")),
		Notified:  r.date(r.take(n, r.pair("dateNotificationModification", "dateSignatureModification")...)),
		Published: r.date(r.take(n, "datePublicationDonneesModification")),
		Months:    r.whole(r.take(n, "dureeMois")),
		Amount:    r.number(r.take(n, r.pair("montant", "valeurGlobale")...)),
		Suppliers: r.suppliers(r.take(n, r.pair("titulaires", "concessionnaires")...)),
	}
}

func (r *normReader) executionYear(n *normNode) ExecutionYear {
	e := ExecutionYear{
		Published:  r.date(r.take(n, "datePublicationDonneesExecution")),
		Investment: r.number(r.take(n, "depensesInvestissement")),
	}
	for _, it := range r.objects(r.take(n, "tarifs"), "tarif") {
		e.Tariffs = normAdd(r, it, e.Tariffs, Tariff{
			Title: r.text(r.take(it, "intituleTarif")),
			Price: r.number(r.take(it, "tarif")),
		})
	}
	return e
}
