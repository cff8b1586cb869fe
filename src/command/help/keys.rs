//! `help keys`: describe the keys at a prompt.

/// The page, which fits in 80 columns and 24 rows.
pub(super) const KEYS: &str = "\
Tab            complete a command, an option, a value or a znode
Up, Down       earlier lines that begin like this one
Ctrl-R         search earlier lines; again: the one before
Right, End, Ctrl-E, Ctrl-F    take the grey hint
Ctrl-Right, Alt-F             take one word of it
Alt-.          the last word of the line before; again: of older ones
Ctrl-X Ctrl-E  edit the line in $VISUAL or $EDITOR
Ctrl-A, Ctrl-E to the start or the end of the line
Alt-B, Alt-F   a word back or on
Ctrl-W, Alt-D  delete the word before or behind the cursor
Ctrl-U, Ctrl-K delete to the start or the end of the line
Ctrl-Y, Ctrl-_ put back what was deleted; undo
Ctrl-L         clear the screen and keep the line
Ctrl-C         give up the line, or stop the command that runs
Ctrl-D         leave the shell, on an empty line
Ctrl-Z         back to the shell that zksh was started from; fg returns
!! and !N      the last line, and the line N, shown before they run
!COMMAND       run a command of the system's shell
COMMAND | PROGRAM   give the result to a program, such as wc or less
setting vi on  gives the keys of vi. Not under --compat 3.9: the last two.";
