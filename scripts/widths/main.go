// SPDX-License-Identifier: MIT

// Command widths measures the lines of all Go files below the current folder. A tab counts as 4
// columns. It prints every line over 120 columns, raw strings included, and the share of comment
// lines over 100. It exits with 1 if there is one of the former, or if the latter reach 1 %.
package main

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

const (
	tab          = 4
	maxLine      = 120
	maxComment   = 100
	commentShare = 0.01
)

// count is what was found in all files.
type count struct {
	lines, long           int
	comments, longComment int
}

func main() {
	log.SetFlags(0)
	var total count
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		total.add(path, source)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	share := float64(total.longComment) / float64(max(total.comments, 1))
	fmt.Printf("Go lines over %d columns: %d of %d\n", maxLine, total.long, total.lines)
	fmt.Printf("comment lines over %d columns: %d of %d (%.2f %%)\n",
		maxComment, total.longComment, total.comments, 100*share)
	if total.long > 0 || share >= commentShare {
		os.Exit(1)
	}
}

func (c *count) add(path string, source []byte) {
	comments := commentLines(source)
	for i, line := range strings.Split(strings.TrimSuffix(string(source), "\n"), "\n") {
		width := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", strings.Repeat(" ", tab)))
		c.lines++
		if width > maxLine {
			c.long++
			fmt.Printf("%s:%d: %d columns\n", path, i+1, width)
		}
		if comments[i+1] {
			c.comments++
			if width > maxComment {
				c.longComment++
			}
		}
	}
}

// commentLines returns the numbers of the lines that hold a comment and no code before it.
func commentLines(source []byte) map[int]bool {
	var s scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(source))
	s.Init(file, source, nil, scanner.ScanComments)
	lines := make(map[int]bool)
	lastCode := 0
	for {
		pos, tok, text := s.Scan()
		line := file.Line(pos)
		switch {
		case tok == token.EOF:
			return lines
		case tok == token.COMMENT:
			for i := range strings.Count(text, "\n") + 1 {
				if line+i > lastCode {
					lines[line+i] = true
				}
			}
		case text != "\n": // not a semicolon that the scanner inserted at the end of a line
			lastCode = line + strings.Count(text, "\n")
		}
	}
}
