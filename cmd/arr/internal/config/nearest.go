// SPDX-License-Identifier: MIT

package config

import "strings"

// nearest returns the known word that a word was probably meant to be: the only one with the fewest
// slips, at most two, and at most one in every three letters. Case makes no difference. It returns
// "" if there is none.
func nearest(word string, known []string) string {
	const longest = 64 // no word is; what is longer is no slip, and costs time
	if len(word) > longest {
		return ""
	}
	found, fewest := "", min(2, len(word)/3)+1
	for _, candidate := range known {
		switch n := slips(strings.ToLower(word), strings.ToLower(candidate)); {
		case n < fewest:
			found, fewest = candidate, n
		case n == fewest:
			found = "" // two are as near
		}
	}
	return found
}

// slips counts the letters that were left out, added, mistaken or swapped with their neighbour.
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

// didYouMean returns the end of an error text that names the nearest known word, "" if none is
// near.
func didYouMean(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}
