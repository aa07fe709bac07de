// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

const bashManual = `Generate the autocompletion script for bash. It works with and without the package bash-completion.

To load completions in this shell:

  eval "$(arr completion bash)"

To load them in each new shell, put that line at the end of ~/.bashrc. Where bash-completion is installed,
a file does the same:

  mkdir -p ~/.local/share/bash-completion/completions
  arr completion bash > ~/.local/share/bash-completion/completions/arr`

// bashFunctions stand in for what the script of the library takes from the package bash-completion.
// __arr_words joins what bash has split at = and :, up to the cursor. The variables are those of the
// function that calls it.
const bashFunctions = `__arr_words()
{
    local rest=${COMP_LINE:0:COMP_POINT} i word gap
    words=() cword=0 cur='' prev=''
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        gap=${rest%%[![:space:]]*}
        rest=${rest#"$gap"}
        if ((i == COMP_CWORD)); then
            word=$rest
        fi
        rest=${rest#"$word"}
        if ((i > 0)) && [[ -z $gap && ( $word == [=:]* || ${words[cword]} == *[=:] ) ]]; then
            words[cword]+=$word
        else
            cword=${#words[@]}
            words[cword]=$word
        fi
    done
    cur=${words[cword]}
    if ((cword > 0)); then
        prev=${words[cword-1]}
    fi
}

__arr_filedir()
{
    if declare -F _filedir >/dev/null 2>&1; then
        _filedir "$@"
        return
    fi
    local kind=-f name
    if [[ ${1-} == -d ]]; then
        kind=-d
    fi
    if [[ $(type -t compopt) == builtin ]]; then
        compopt -o filenames
    fi
    while IFS='' read -r name; do
        COMPREPLY+=("$name")
    done < <(compgen $kind -- "$cur")
}

`

// writeBashCompletion writes a script that needs no package.
func writeBashCompletion(cmd *cobra.Command, out io.Writer) error {
	plain, err := cmd.Flags().GetBool("no-descriptions")
	if err != nil {
		return err
	}
	var script bytes.Buffer
	if err := cmd.Root().GenBashCompletionV2(&script, !plain); err != nil {
		return err
	}
	_, err = strings.NewReplacer(
		`    _get_comp_words_by_ref "$@" cur prev words cword`, "    __arr_words",
		"_filedir", "__arr_filedir",
		"__start_arr()", bashFunctions+"__start_arr()",
	).WriteString(out, script.String())
	return err
}
