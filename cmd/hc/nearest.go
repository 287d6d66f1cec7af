package main

// nearest gives the candidate that word was most likely meant to be, or "". At
// most two edits apart, or a third of the word where that is more.
func nearest(word string, candidates []string) string {
	best, found := max(2, len(word)/3)+1, ""
	for _, c := range candidates {
		if d := edits(word, c); d < best {
			best, found = d, c
		}
	}
	return found
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// meant is the end of an error message about an unknown word.
func meant(word string, candidates []string) string {
	if n := nearest(word, candidates); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}
