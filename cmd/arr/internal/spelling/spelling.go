// SPDX-License-Identifier: MIT

// Package spelling finds the known words that a mistyped word resembles.
package spelling

import "strings"

// longest is the length of the longest word that is compared. A longer one is no slip of the
// keyboard, and costs time.
const longest = 64

// Nearest returns the known word that a word was probably meant to be. It returns "" if no word is
// near, or if several are equally near.
func Nearest(word string, known []string) string {
	if near := Near(word, known); len(near) == 1 {
		return near[0]
	}
	return ""
}

// Near returns the known words with the fewest slips: at most two, and at most one in every three
// letters. Case makes no difference.
func Near(word string, known []string) []string {
	if len(word) > longest {
		return nil
	}
	var near []string
	fewest := min(2, len(word)/3) + 1
	for _, candidate := range known {
		switch n := slips(strings.ToLower(word), strings.ToLower(candidate)); {
		case n < fewest:
			near, fewest = []string{candidate}, n
		case n == fewest && near != nil:
			near = append(near, candidate)
		}
	}
	return near
}

// DidYouMean returns the end of an error text that names the nearest known word, "" if none is
// near.
func DidYouMean(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}

// slips counts letters that are missing, added, wrong or swapped with their neighbor.
func slips(a, b string) int {
	row := func(i int) []int { return append([]int{i}, make([]int, len(b))...) }
	var before, last []int
	current := row(0)
	for j := range len(b) {
		current[j+1] = j + 1
	}
	for i := range len(a) {
		before, last, current = last, current, row(i+1)
		for j := range len(b) {
			same := 1
			if a[i] == b[j] {
				same = 0
			}
			current[j+1] = min(last[j]+same, last[j+1]+1, current[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
	}
	return current[len(b)]
}
