package pivot

import "encoding/json"

// Generation says which legal vocabulary a contract uses: the values of some
// closed lists (formePrix, nature) mean other things in 1.x and in 2.x.
type Generation int

// The two generations.
const (
	Gen1 Generation = 1 // arrêtés of 2017 to 2019: versions 1.x
	Gen2 Generation = 2 // arrêtés of 22/12/2022: versions 2.x
)

// A Contract is a record read for its meaning: one shape for the two kinds,
// every version and every layout. It is a view of a [Record]; what the legal
// schemas say is always said of the record, never of this.
//
// Names are the field's English terms; the JSON keys are the legal French
// ones where one exists. Pointers and empty strings mean "not given". Dates
// are YYYY-MM-DD, or as written when they are no calendar date. Amounts are
// euros without tax. Durations are whole months.
type Contract struct {
	Kind       Kind       `json:"kind"`
	Generation Generation `json:"generation"`

	ID     string `json:"id"`
	Buyer  Buyer  `json:"acheteur"` // acheteur, or autoriteConcedante
	Nature string `json:"nature,omitempty"`
	Object string `json:"objet,omitempty"`
	CPV    string `json:"codeCPV,omitempty"`

	Procedure   string     `json:"procedure,omitempty"`
	Techniques  []string   `json:"techniques,omitempty"`
	Modalities  []string   `json:"modalitesExecution,omitempty"`
	FrameworkID string     `json:"idAccordCadre,omitempty"`
	Innovative  *bool      `json:"marcheInnovant,omitempty"`
	CCAG        string     `json:"ccag,omitempty"`
	Offers      *int       `json:"offresRecues,omitempty"`
	Advance     *bool      `json:"attributionAvance,omitempty"`
	AdvanceRate *float64   `json:"tauxAvance,omitempty"` // 0 to 1
	Grouping    string     `json:"typeGroupementOperateurs,omitempty"`
	Place       *Place     `json:"lieuExecution,omitempty"`
	Months      *int       `json:"dureeMois,omitempty"`
	Notified    string     `json:"dateNotification,omitempty"` // or dateSignature of a concession
	Published   string     `json:"datePublicationDonnees,omitempty"`
	Start       string     `json:"dateDebutExecution,omitempty"`        // concessions
	Amount      *float64   `json:"montant,omitempty"`                   // or valeurGlobale of a concession
	Subsidy     *float64   `json:"montantSubventionPublique,omitempty"` // concessions
	PriceTypes  []string   `json:"typesPrix,omitempty"`
	PriceForm   string     `json:"formePrix,omitempty"`
	OriginEU    *float64   `json:"origineUE,omitempty"`     // 0 to 1
	OriginFR    *float64   `json:"origineFrance,omitempty"` // 0 to 1
	Suppliers   []Supplier `json:"titulaires,omitempty"`    // or concessionnaires
	Social      []string   `json:"considerationsSociales,omitempty"`
	Environment []string   `json:"considerationsEnvironnementales,omitempty"`

	Subcontracting     *bool               `json:"sousTraitanceDeclaree,omitempty"`
	Subcontracts       []Subcontract       `json:"actesSousTraitance,omitempty"`
	SubcontractChanges []SubcontractChange `json:"modificationsActesSousTraitance,omitempty"`
	Modifications      []Modification      `json:"modifications,omitempty"`
	Execution          []ExecutionYear     `json:"donneesExecution,omitempty"` // concessions

	// Extra holds the fields that are in no legal schema (source, uuid…),
	// as written: they belong to the contents étendu and complet only.
	Extra map[string]json.RawMessage `json:"extra,omitempty"`
}

// A Buyer is the acheteur or the autorité concédante.
type Buyer struct {
	ID   string `json:"id"` // SIRET as written
	Name string `json:"nom,omitempty"`
}

// A Place is the lieuExecution.
type Place struct {
	Code     string `json:"code,omitempty"`
	CodeType string `json:"typeCode,omitempty"` // "Code postal", "Code commune"…
	Name     string `json:"nom,omitempty"`
}

// A Supplier is a titulaire or a concessionnaire.
type Supplier struct {
	IDType string `json:"typeIdentifiant,omitempty"` // SIRET, TVA, HORS-UE…
	ID     string `json:"id,omitempty"`
	Name   string `json:"denominationSociale,omitempty"`
}

// A Subcontract is an acteSousTraitance.
type Subcontract struct {
	ID        *int     `json:"id,omitempty"`
	Supplier  Supplier `json:"sousTraitant"`
	Months    *int     `json:"dureeMois,omitempty"`
	Notified  string   `json:"dateNotification,omitempty"`
	Published string   `json:"datePublicationDonnees,omitempty"`
	Amount    *float64 `json:"montant,omitempty"`
	PriceVar  string   `json:"variationPrix,omitempty"`
}

// A SubcontractChange is a modificationActeSousTraitance.
type SubcontractChange struct {
	ID        *int     `json:"id,omitempty"` // of the Subcontract it changes
	Months    *int     `json:"dureeMois,omitempty"`
	Notified  string   `json:"dateNotificationModificationSousTraitance,omitempty"`
	Published string   `json:"datePublicationDonnees,omitempty"`
	Amount    *float64 `json:"montant,omitempty"`
}

// A Modification changes what it gives and leaves the rest as it was.
type Modification struct {
	ID        *int       `json:"id,omitempty"`                // 2.x
	Object    string     `json:"objetModification,omitempty"` // 1.x
	Notified  string     `json:"dateNotificationModification,omitempty"`
	Published string     `json:"datePublicationDonneesModification,omitempty"`
	Months    *int       `json:"dureeMois,omitempty"`
	Amount    *float64   `json:"montant,omitempty"`
	Suppliers []Supplier `json:"titulaires,omitempty"`
}

// An ExecutionYear is a donneesAnnuelles of a concession.
type ExecutionYear struct {
	Published  string   `json:"datePublicationDonneesExecution,omitempty"`
	Investment *float64 `json:"depensesInvestissement,omitempty"`
	Tariffs    []Tariff `json:"tarifs,omitempty"`
}

// A Tariff is what users of a concession pay.
type Tariff struct {
	Title string   `json:"intituleTarif,omitempty"`
	Price *float64 `json:"tarif,omitempty"`
}
