package web

var sampleReports = []ReportRow{
	{ID: "65e", URL: "/opendata/signalements/65e", Contract: "21000001900017/1", ContractURL: "/opendata/marches/21000001900017/1", Topic: "person", State: "received", Made: then, Changed: then, Node: "siren:210000019", NodeName: "Commune d’Aval", Text: "Mon nom y figure.", Mail: "a@b.example", Late: true, Error: "délai dépassé", Answerable: true},
	{ID: "65f", Contract: "21000001900017/2", Topic: "wrong", State: "corrected", Made: then, Changed: then, Node: "siren:210000019", Answer: "Montant corrigé.", RecordURL: "/opendata/marches/21000001900017/2"},
}

func fullReports() []Page {
	return []Page{
		ReportPage{ReportRow: sampleReports[0], Thanks: true},
		ReportsPage{Total: 2, State: "received", Items: sampleReports, JSON: "/opendata/api/v1/reports", Next: "/opendata/signalements?after=x", First: "/opendata/signalements", Agent: true, CSRF: "ab", Path: "/opendata/signalements/", Said: "Fait."},
		DeskReportsPage{Desk: Desk{Operator: "Camille", Role: "registrar", Form: "ab"}, Reports: ReportsPage{Total: 2, Items: sampleReports, Agent: true, CSRF: "ab", Path: "/bureau/signalements/"}},
	}
}

func emptyReports() []Page { return []Page{ReportPage{}, ReportsPage{}, DeskReportsPage{}} }

// sparseReports have one empty row in every list.
func sparseReports() []Page {
	one := ReportsPage{Agent: true, Items: make([]ReportRow, 1)}
	return []Page{ReportPage{ReportRow: ReportRow{ID: "x"}}, one, DeskReportsPage{Reports: one}}
}
