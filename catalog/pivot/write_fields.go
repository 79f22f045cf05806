package pivot

// record writes the legal fields of c, and those alone.
func (d *writeDoc) record(c *Contract) {
	switch {
	case c.Kind == Concession:
		d.concession(c)
	case c.Generation == Gen1:
		d.marche1(c)
	default:
		d.marche2(c)
	}
}

// marche1 writes a marché of 1.5.0.
func (d *writeDoc) marche1(c *Contract) {
	d.typeName(c)
	d.must("id", c.ID)
	d.buyer("acheteur", c)
	d.text("nature", c.Nature)
	d.must("objet", c.Object)
	d.text("codeCPV", c.CPV)
	d.text("procedure", c.Procedure)
	d.place(c)
	d.whole("dureeMois", c.Months)
	d.text("dateNotification", c.Notified)
	d.text("datePublicationDonnees", c.Published)
	d.number("montant", c.Amount)
	d.text("formePrix", c.PriceForm)
	d.suppliers("titulaires", "titulaire", c.Generation, c.Suppliers)
	d.modifications(c)
}

// marche2 writes a marché of 2.0.1 and later.
func (d *writeDoc) marche2(c *Contract) {
	d.must("id", c.ID)
	d.buyer("acheteur", c)
	d.text("nature", c.Nature)
	d.must("objet", c.Object)
	d.text("codeCPV", c.CPV)
	d.words("techniques", "technique", c.Techniques)
	d.words("modalitesExecution", "modaliteExecution", c.Modalities)
	d.text("idAccordCadre", c.FrameworkID)
	d.boolean("marcheInnovant", c.Innovative)
	d.text("ccag", c.CCAG)
	d.whole("offresRecues", c.Offers)
	d.boolean("attributionAvance", c.Advance)
	d.number("tauxAvance", c.AdvanceRate)
	d.text("typeGroupementOperateurs", c.Grouping)
	d.boolean("sousTraitanceDeclaree", c.Subcontracting)
	d.subcontracts(c)
	d.text("procedure", c.Procedure)
	d.place(c)
	d.whole("dureeMois", c.Months)
	d.text("dateNotification", c.Notified)
	d.text("datePublicationDonnees", c.Published)
	d.number("montant", c.Amount)
	d.words("typesPrix", "typePrix", c.PriceTypes)
	d.text("formePrix", c.PriceForm)
	d.number("origineUE", c.OriginEU)
	d.number("origineFrance", c.OriginFR)
	d.suppliers("titulaires", "titulaire", c.Generation, c.Suppliers)
	d.considerations(c)
	d.subcontractChanges(c)
	d.modifications(c)
}

// concession writes a contrat de concession of either generation.
func (d *writeDoc) concession(c *Contract) {
	d.typeName(c)
	d.must("id", c.ID)
	d.buyer("autoriteConcedante", c)
	d.text("nature", c.Nature)
	d.must("objet", c.Object)
	d.text("procedure", c.Procedure)
	if c.Generation == Gen1 {
		d.place(c)
	}
	d.whole("dureeMois", c.Months)
	d.text("dateSignature", c.Notified)
	d.text("datePublicationDonnees", c.Published)
	d.text("dateDebutExecution", c.Start)
	d.number("valeurGlobale", c.Amount)
	d.number("montantSubventionPublique", c.Subsidy)
	d.list("donneesExecution", "donneesAnnuelles", len(c.Execution), c.Generation == Gen1, func(i int) {
		d.executionYear(&c.Execution[i])
	})
	d.suppliers("concessionnaires", "concessionnaire", c.Generation, c.Suppliers)
	if c.Generation == Gen2 {
		d.considerations(c)
	}
	d.modifications(c)
}

// typeName writes _type, which 1.x has in JSON only and 2.x refuses.
func (d *writeDoc) typeName(c *Contract) {
	if c.Generation == Gen1 && d.form != XML {
		d.text("_type", normTypeName[c.Kind])
	}
}

func (d *writeDoc) buyer(name string, c *Contract) {
	d.object(name, func() {
		d.must("id", c.Buyer.ID)
		if c.Generation == Gen1 {
			d.must("nom", c.Buyer.Name)
		}
	})
}

func (d *writeDoc) place(c *Contract) {
	if c.Place == nil {
		return
	}
	d.object("lieuExecution", func() {
		d.must("code", c.Place.Code)
		d.text("typeCode", c.Place.CodeType)
		if c.Generation == Gen1 {
			d.must("nom", c.Place.Name)
		}
	})
}

func (d *writeDoc) suppliers(name, item string, g Generation, list []Supplier) {
	d.list(name, item, len(list), false, func(i int) { d.supplier(g, &list[i]) })
}

func (d *writeDoc) supplier(g Generation, s *Supplier) {
	d.text("typeIdentifiant", s.IDType)
	d.must("id", s.ID)
	if g == Gen1 {
		d.must("denominationSociale", s.Name)
	}
}

func (d *writeDoc) considerations(c *Contract) {
	d.words("considerationsSociales", "considerationSociale", c.Social)
	d.words("considerationsEnvironnementales", "considerationEnvironnementale", c.Environment)
}

func (d *writeDoc) subcontracts(c *Contract) {
	d.list("actesSousTraitance", "acteSousTraitance", len(c.Subcontracts), false, func(i int) {
		s := &c.Subcontracts[i]
		d.whole("id", s.ID)
		d.object("sousTraitant", func() { d.supplier(c.Generation, &s.Supplier) })
		d.whole("dureeMois", s.Months)
		d.text("dateNotification", s.Notified)
		d.text("datePublicationDonnees", s.Published)
		d.number("montant", s.Amount)
		d.text("variationPrix", s.PriceVar)
	})
}

// subcontractChanges knows that the XSD has another name for the item than
// the JSON Schema.
func (d *writeDoc) subcontractChanges(c *Contract) {
	item := "modificationActeSousTraitance"
	if d.form == XML {
		item = "modificationActesSousTraitance"
	}
	d.list("modificationsActesSousTraitance", item, len(c.SubcontractChanges), false, func(i int) {
		s := &c.SubcontractChanges[i]
		d.whole("id", s.ID)
		d.whole("dureeMois", s.Months)
		d.text("dateNotificationModificationSousTraitance", s.Notified)
		d.number("montant", s.Amount)
		d.text("datePublicationDonnees", s.Published)
	})
}

func (d *writeDoc) modifications(c *Contract) {
	date, amount := "dateNotificationModification", "montant"
	if c.Kind == Concession {
		date, amount = "dateSignatureModification", "valeurGlobale"
	}
	d.list("modifications", "modification", len(c.Modifications), c.Generation == Gen1, func(i int) {
		m := &c.Modifications[i]
		if c.Generation == Gen1 {
			d.must("objetModification", m.Object)
		} else {
			d.whole("id", m.ID)
		}
		d.text(date, m.Notified)
		d.text("datePublicationDonneesModification", m.Published)
		d.whole("dureeMois", m.Months)
		d.number(amount, m.Amount)
		if c.Kind == Marche {
			d.suppliers("titulaires", "titulaire", c.Generation, m.Suppliers)
		}
	})
}

func (d *writeDoc) executionYear(e *ExecutionYear) {
	d.text("datePublicationDonneesExecution", e.Published)
	d.number("depensesInvestissement", e.Investment)
	d.list("tarifs", "tarif", len(e.Tariffs), false, func(i int) {
		d.must("intituleTarif", e.Tariffs[i].Title)
		d.number("tarif", e.Tariffs[i].Price)
	})
}
