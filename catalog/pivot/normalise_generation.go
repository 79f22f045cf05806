package pivot

// normFields2022 are the fields that the arrêtés of 22/12/2022 brought.
var normFields2022 = []string{
	"techniques", "technique", "modalitesExecution", "modaliteExecution", "typesPrix", "typePrix",
	"idAccordCadre", "marcheInnovant", "ccag", "offresRecues", "attributionAvance", "tauxAvance",
	"typeGroupementOperateurs", "sousTraitanceDeclaree", "actesSousTraitance", "modificationsActesSousTraitance",
	"origineUE", "origineFrance", "considerationsSociales", "considerationsEnvironnementales",
}

// normNames200 are the names of fields that only 2.0.0 used.
var normNames200 = map[string]bool{
	"technique": true, "modaliteExecution": true, "typePrix": true,
	"dateNotificationModificationActeSousTraitance":       true,
	"datePublicationDonneesModificationActeSousTraitance": true,
	"modificationActesSousTraitance":                      true, // XML of every 2.x
}

// normGeneration finds which vocabulary a record uses, by its content: the
// layout alone does not tell, since 2.0.0 is flat like 1.x and XML has one
// layout. The first rule that applies decides:
//
//  1. a field of 2022 is there, whatever its value: 2.x;
//  2. a field or a value that 2022 abolished is there (a name of the buyer,
//     of the place or of a supplier, the object of a modification, the old
//     forms of price, the natures Accord-cadre and Marché subséquent): 1.x;
//  3. the layout is nested: 2.x;
//  4. otherwise 2.x if it was notified (or signed) from 2024 on, the day from which the
//     arrêtés of 2022 apply, and 1.x if before, or if nobody knows.
func normGeneration(rec Record, root *normNode) Generation {
	for _, name := range normFields2022 {
		if root.has(name) {
			return Gen2
		}
	}
	if normAbolished(root) {
		return Gen1
	}
	if rec.Form == Nested {
		return Gen2
	}
	for _, name := range []string{"dateNotification", "dateSignature"} {
		if n := root.get(name); n != nil && n.kind == '"' && n.text >= "2024" && n.text < "3" {
			return Gen2
		}
	}
	return Gen1
}

func normAbolished(root *normNode) bool {
	for _, holder := range []string{"acheteur", "autoriteConcedante", "lieuExecution"} {
		if root.get(holder).has("nom") {
			return true
		}
	}
	if p := root.get("formePrix"); p != nil && (p.text == "Ferme" || p.text == "Ferme et actualisable" || p.text == "Révisable") {
		return true
	}
	if n := root.get("nature"); n != nil && (n.text == "Accord-cadre" || n.text == "Marché subséquent") {
		return true
	}
	return normWithin(root.get("titulaires"), "denominationSociale", 3) ||
		normWithin(root.get("concessionnaires"), "denominationSociale", 3) ||
		normWithin(root.get("modifications"), "objetModification", 3)
}

// normWithin reports whether a member called name lies in n, at most deep levels down.
func normWithin(n *normNode, name string, deep int) bool {
	if n == nil || deep < 0 {
		return false
	}
	if n.has(name) {
		return true
	}
	for _, k := range n.kids {
		if normWithin(k, name, deep-1) {
			return true
		}
	}
	return false
}

// normHas200 reports whether an XML record has the names of 2.0.0. A
// concession of 2.0.0 has none of its own: there an empty list tells, which
// later versions forbid.
func normHas200(kind Kind, root *normNode) bool {
	return kind == Concession || root.has("technique") || root.has("modaliteExecution") || root.has("typePrix")
}
