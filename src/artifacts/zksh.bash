# bash completion for zksh. zksh itself says what may stand at the cursor: a line for each candidate,
# with a = before a whole word and a + before one that goes on, and its meaning behind a tab.

_zksh() {
    local rest=${COMP_LINE:0:COMP_POINT} word line text prefix goes_on=0 i
    local -a words=()
    # bash cuts words at : and =. A piece without a blank before it belongs to the last word.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 0)) && [[ -n $rest && $rest != [[:blank:]]* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        rest=${rest#"${rest%%[![:blank:]]*}"}
        rest=${rest#"$word"}
    done
    word=${words[${#words[@]} - 1]}
    # What stands before the last : or = stays as it is.
    prefix=${word%"${word##*[:=]}"}
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == @files ]]; then
            compopt -o default
            return
        fi
        text=${line%%$'\t'*}
        [[ $text == +* ]] && goes_on=1
        text=${text:1}
        [[ $word == [\'\"]* ]] || text=$(printf %q "$text")
        COMPREPLY+=("${text#"$prefix"}")
    done < <("${words[0]}" --complete-words "${words[@]}" < /dev/null 2> /dev/null)
    if ((goes_on)); then
        compopt -o nospace
    fi
}

complete -F _zksh zksh
