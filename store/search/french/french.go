// Package french cuts French text into the words that a search compares.
//
//	Words("Réfection de l'école Jean-Moulin")  réfection · (de) · école · jean · moulin
//	Stem("écoles"), Stem("école")              "ecol"
//
// A word is a run of letters and digits in lower case. What is elided (l', d', qu'…)
// is cut off; words that say nothing ([Stop]) are given all the same, so that a phrase
// can tell how far two words stand apart. [Stem] takes off endings by the rules of
// Snowball, then accents: accents first, as its rules need them. Capitals that lost
// their accents therefore may have another stem (sécurité: secur, SECURITE: securit);
// who searches must look for both, see [Fold].
//
// All functions are pure, bounded by the length of their input, and may be called
// from several goroutines.
package french

import (
	"iter"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	stemmer "github.com/blevesearch/snowballstem/french"
	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest word, in bytes; longer runs are cut.
const maxWord = 40

// Words ranges over the words of a text, in lower case, in order.
func Words(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !plain(text) {
			text = norm.NFC.String(text)
		}
		text = strings.ToLower(text)
		for at := 0; at < len(text); {
			r, size := utf8.DecodeRuneInString(text[at:])
			if !inWord(r) {
				at += size
				continue
			}
			end := at
			for end < len(text) && end-at < maxWord {
				r, size = utf8.DecodeRuneInString(text[end:])
				if !inWord(r) {
					break
				}
				end += size
			}
			word := text[at:end]
			at = end
			if apostrophe(r) && at < len(text) && elided[word] {
				continue
			}
			if !yield(word) {
				return
			}
		}
	}
}

// plain reports whether the text holds no combining mark.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] >= 0xCC { // U+0300 and beyond
			return false
		}
	}
	return true
}

func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func apostrophe(r rune) bool {
	return r == '\'' || r == '’' || r == 'ʼ' || r == '`' || r == '´' || r == '‘'
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		out[w] = true
	}
	return out
}

var elided = set("l d j m t s n c qu jusqu lorsqu puisqu quoiqu quelqu presqu")

var stops = set(`a à au aux avec ce ces cet cette dans de des du elle en entre es est et eux il ils je la le les leur leurs lui
	ma mais me mes moi mon ne ni nos notre nous on ou où par pas pour qu que qui sa se ses si son sont sous sur ta te tes toi ton tu un une
	vers via vos votre vous y d l n s c j m t n° no`)

// Stop reports whether a word (in lower case) says nothing by itself.
func Stop(word string) bool { return stops[word] }

// irregular are plurals that the rules of Snowball do not lead to their singular.
var irregular = map[string]string{
	"travaux": "travail", "vitraux": "vitrail", "baux": "bail", "émaux": "émail", "emaux": "email", "coraux": "corail", "soupiraux": "soupirail",
	"yeux": "oeil", "œil": "oeil",
}

var envs = sync.Pool{New: func() any { return snowballstem.NewEnv("") }}

// Stem is the stem of a word in lower case, without accents. Words with a digit stay
// as they are.
func Stem(word string) string {
	if one, ok := irregular[word]; ok {
		word = one
	}
	if strings.ContainsAny(word, "0123456789") || len(word) < 3 {
		return Fold(word)
	}
	env := envs.Get().(*snowballstem.Env)
	defer envs.Put(env)
	env.SetCurrent(word)
	stemmer.Stem(env)
	return Fold(env.Current())
}

// Fold takes accents off a word in lower case, and parts ligatures.
func Fold(word string) string {
	ascii := true
	for i := 0; i < len(word); i++ {
		ascii = ascii && word[i] < utf8.RuneSelf
	}
	if ascii {
		return word
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(word) {
		switch {
		case r == 'œ':
			b.WriteString("oe")
		case r == 'æ':
			b.WriteString("ae")
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}
