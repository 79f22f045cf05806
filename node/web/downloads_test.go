package web

func sampleDownloads() DownloadsPage {
	file := FileRow{Label: "Tableau, CSV", Format: "CSV", URL: "/opendata/files/d/tableau.csv", Size: 812345}
	cut := DownloadCut{Name: "2026", Contracts: 1240, Page: "/opendata/jeux/d-2026", Files: []FileRow{file}}
	return DownloadsPage{
		Contracts: 12408, Made: then, SIRET: "21000001900017", Buyer: []FileRow{file}, Days: []DownloadDay{{Day: then, Sums: "/opendata/files/d/2026-03-01/SHA256SUMS", Files: []FileRow{file}}},
		Whole: []DownloadRow{{FileRow: file, For: "Agents, journalistes, citoyens : s’ouvre dans un tableur.", Packed: 41234, Records: 12001, Schema: "https://exemple.invalid/schemas/tableau.json"}},
		Years: []DownloadCut{cut}, Departements: []DownloadCut{{Name: "Ille-et-Vilaine", Contracts: 1, Files: []FileRow{file}}}, More: []FileRow{{Label: "Annuaire", Format: "CSV", URL: "/opendata/annuaire.csv"}},
		Sums: "https://exemple.invalid/files/d/latest/SHA256SUMS", List: "https://exemple.invalid/files/d/editions.json", Example: "https://exemple.invalid/files/d/tableau.csv", ExampleName: "tableau.csv",
	}
}
