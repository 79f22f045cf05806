package web

import (
	"time"

	"maillon/catalog/texts"
)

// The desk is where a hub's operators work: pages of the admin listener, that the
// public one does not have. A deskPage is one of them; Form proves that what it
// sends comes from a page of this session.
type deskPage interface {
	Page
	desk() Desk
}

// Desk is what every page of the desk is given.
type Desk struct {
	Operator string // who is logged in; "" on the login page
	Role     string
	Form     string
	Public   string // address of the public site
	Alone    bool   // the node is no hub: it has no members to decide on
	Said     string // what was just done
	Error    string // why it was not
}

func (d Desk) desk() Desk { return d }

// DeskLoginPage asks for an operator's token.
type DeskLoginPage struct{ Desk }

func (DeskLoginPage) name() string { return "desk-login" }

func (DeskLoginPage) title(lang texts.Lang) string { return texts.T(lang, "desk.login.title") }

// DeskMembersPage is the members of a hub and those who wait.
type DeskMembersPage struct {
	Desk
	May      bool // the operator may decide
	Charters bool // the hub has an authority that issues charters
	Waiting  []DeskMember
	Members  []DeskMember
	Refused  []DeskCount
	Drafts   int // charters that wait for the authority's signature elsewhere
}

// DeskMember is one node and what can be decided about it.
type DeskMember struct {
	NodeRow
	Publishes string // SIRETs, separated by spaces
	Charter   bool
}

// DeskCount is how often something happened.
type DeskCount struct {
	Label string
	Count int
}

func (DeskMembersPage) name() string { return "desk-members" }

func (DeskMembersPage) title(lang texts.Lang) string { return texts.T(lang, "desk.members.title") }

// DeskInvitationsPage lists invitations, and makes them.
type DeskInvitationsPage struct {
	Desk
	May         bool
	Made        []DeskInvitation // with their strings, shown once
	Invitations []DeskInvitation
	For         string // what was typed
	Name        string
	SIRET       string
}

// DeskInvitation is one invitation.
type DeskInvitation struct {
	Token, String string
	Name, For, By string
	Expires, Used time.Time
	UsedBy        string
	Over          bool // expired
}

func (DeskInvitationsPage) name() string { return "desk-invitations" }

func (DeskInvitationsPage) title(lang texts.Lang) string {
	return texts.T(lang, "desk.invitations.title")
}

// DeskTrailPage is who did what.
type DeskTrailPage struct {
	Desk
	Acts []DeskAct
	Next string
}

// DeskAct is one act.
type DeskAct struct {
	Number                  uint64
	At                      time.Time
	By, Role                string
	What, About, Particular string
}

func (DeskTrailPage) name() string { return "desk-trail" }

func (DeskTrailPage) title(lang texts.Lang) string { return texts.T(lang, "desk.trail.title") }

// DeskOperatorsPage lists the operators, and makes them.
type DeskOperatorsPage struct {
	Desk
	May       bool
	Token     string // of the one just made, shown once
	Operators []DeskOperator
}

// DeskOperator is one operator.
type DeskOperator struct {
	Name, Role string
	Since      time.Time
}

func (DeskOperatorsPage) name() string { return "desk-operators" }

func (DeskOperatorsPage) title(lang texts.Lang) string { return texts.T(lang, "desk.operators.title") }

// DeskHealthPage is what maillon doctor would say now.
type DeskHealthPage struct {
	Desk
	Findings []DeskFinding
}

// DeskFinding is one line of the diagnosis.
type DeskFinding struct {
	Grade      string // fine, watch, wrong
	Name, Text string
	Mend       string // the command that mends it; "" for none
}

func (DeskHealthPage) name() string { return "desk-health" }

func (DeskHealthPage) title(lang texts.Lang) string { return texts.T(lang, "desk.doctor.title") }
