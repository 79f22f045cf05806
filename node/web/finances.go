package web

// Finances is what the budgets and grants of a body say beside its contracts.
type Finances struct {
	ID, Name      string
	Years         []FinanceYear // the latest first
	Given         []GrantRow    // by year, the latest first
	Beneficiaries []BeneficiaryRow
	More          int // beneficiaries that are not listed
	Received      []GrantRow
	API           string // the same for programs
}

// A FinanceYear is a budget beside the contracts of its year. At is the length of the
// bar, 0 to 100.
type FinanceYear struct {
	Label, Spent, Purchases, Amount, OfSpending, OfPurchases string
	N, Missing, At                                           int
}

// A GrantRow is what was given in a year, in all or by one body.
type GrantRow struct {
	Giver, URL, Amount string
	Year, N            int
}

// A BeneficiaryRow is who was given grants, beside its contracts with the giver.
type BeneficiaryRow struct {
	Name, URL, Amount         string
	N                         int
	Contracts, ContractAmount string // "" if it has no SIRET
}
