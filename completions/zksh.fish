# fish completion for zksh. zksh itself says what may stand at the cursor: a line for each candidate,
# with a = before a whole word and a + before one that goes on, and its meaning behind a tab.

function __zksh_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] --complete-words $words < /dev/null 2> /dev/null)
        if test "$line" = @files
            __fish_complete_path (commandline -ct)
        else
            string sub -s 2 -- $line
        end
    end
end

complete -c zksh -f -a '(__zksh_complete)'
