package territory

import (
	"errors"
	"fmt"
)

const (
	sirenLength = 9
	siretLength = 14

	laPoste           = "356000000"
	laPosteHeadOffice = "35600000000048"
)

// A SIREN identifies a legal unit. The zero value is "none"; any other value
// has nine digits and a right check digit.
type SIREN struct{ digits string }

// ParseSIREN checks s, nine digits without spaces.
func ParseSIREN(s string) (SIREN, error) {
	if err := digits("SIREN", s, sirenLength); err != nil {
		return SIREN{}, err
	}
	if luhnSum(s)%10 != 0 {
		return SIREN{}, fmt.Errorf("SIREN %q fails its check digit: a digit is wrong or two are swapped", s)
	}
	return SIREN{s}, nil
}

// String is the nine digits, or "" for the zero value.
func (s SIREN) String() string { return s.digits }

// IsZero reports whether s is "none".
func (s SIREN) IsZero() bool { return s == SIREN{} }

// MarshalText writes what String gives.
func (s SIREN) MarshalText() ([]byte, error) { return []byte(s.digits), nil }

// UnmarshalText checks as [ParseSIREN] does; the empty text is the zero value.
func (s *SIREN) UnmarshalText(text []byte) error { return unmarshal(s, text, ParseSIREN) }

// A SIRET identifies an establishment of a legal unit: its SIREN and five
// digits, the NIC. The zero value is "none"; any other value has passed
// [ParseSIRET].
type SIRET struct{ digits string }

// ParseSIRET checks s: fourteen digits without spaces, with the Luhn key of
// the SIREN and that of the whole. The establishments of La Poste (SIREN
// 356000000), too many for that key, have digits whose sum is a multiple of
// five instead; its head office follows the common rule.
func ParseSIRET(s string) (SIRET, error) {
	if err := digits("SIRET", s, siretLength); err != nil {
		return SIRET{}, err
	}
	if luhnSum(s[:sirenLength])%10 != 0 {
		return SIRET{}, fmt.Errorf("SIRET %q begins with a SIREN (%s) that fails its check digit", s, s[:sirenLength])
	}
	if s[:sirenLength] == laPoste && s != laPosteHeadOffice {
		if sum(s)%5 != 0 {
			return SIRET{}, fmt.Errorf("SIRET %q is no establishment of La Poste: the sum of its digits is %d, want a multiple of 5", s, sum(s))
		}
		return SIRET{s}, nil
	}
	if luhnSum(s)%10 != 0 {
		return SIRET{}, fmt.Errorf("SIRET %q fails its check digit: its SIREN is right, so look at the last five digits", s)
	}
	return SIRET{s}, nil
}

// IsSIRET reports whether [ParseSIRET] takes s.
func IsSIRET[T string | []byte](s T) bool {
	switch {
	case !areDigits(s, siretLength) || luhnSum(s[:sirenLength])%10 != 0:
		return false
	case string(s[:sirenLength]) == laPoste && string(s) != laPosteHeadOffice:
		return sum(s)%5 == 0
	}
	return luhnSum(s)%10 == 0
}

// IsSIREN reports whether [ParseSIREN] takes s.
func IsSIREN[T string | []byte](s T) bool { return areDigits(s, sirenLength) && luhnSum(s)%10 == 0 }

func areDigits[T string | []byte](s T, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range n {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// String is the fourteen digits, or "" for the zero value.
func (s SIRET) String() string { return s.digits }

// IsZero reports whether s is "none".
func (s SIRET) IsZero() bool { return s == SIRET{} }

// SIREN is the legal unit that the establishment belongs to.
func (s SIRET) SIREN() SIREN {
	if s.IsZero() {
		return SIREN{}
	}
	return SIREN{s.digits[:sirenLength]}
}

// MarshalText writes what String gives.
func (s SIRET) MarshalText() ([]byte, error) { return []byte(s.digits), nil }

// UnmarshalText checks as [ParseSIRET] does; the empty text is the zero value.
func (s *SIRET) UnmarshalText(text []byte) error { return unmarshal(s, text, ParseSIRET) }

// unmarshal sets *v to what parse makes of text, and leaves it alone on error.
func unmarshal[T any](v *T, text []byte, parse func(string) (T, error)) error {
	var parsed T
	if len(text) > 0 {
		var err error
		if parsed, err = parse(string(text)); err != nil {
			return err
		}
	}
	*v = parsed
	return nil
}

// digits checks that s is n decimal digits.
func digits(what, s string, n int) error {
	if s == "" {
		return errors.New(what + " is empty")
	}
	at := 0
	for _, r := range s {
		if at++; r < '0' || r > '9' {
			return fmt.Errorf("%s %q has %q at position %d, want %d digits and nothing else", what, shown(s), r, at, n)
		}
	}
	if at != n {
		return fmt.Errorf("%s %q has %d digits, want %d", what, shown(s), at, n)
	}
	return nil
}

// luhnSum adds the digits, every second one from the right doubled and, above
// nine, reduced by nine. A number with a right key gives a multiple of ten.
func luhnSum[T string | []byte](s T) int {
	total := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		total += d
	}
	return total
}

func sum[T string | []byte](s T) int {
	total := 0
	for i := range len(s) {
		total += int(s[i] - '0')
	}
	return total
}
