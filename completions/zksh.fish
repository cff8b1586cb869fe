# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_zksh_global_optspecs
    string join \n server= ensemble= timeout= r waitforconnection compat= color= o/output= f/file= check stop-on-error vars window= sandbox= serve allow-remote sandbox-set= tls cacert= cert= key= key-password-file= insecure-hostname sasl= user= password-file= client-configuration= max-request= config= completion= h/help V/version
end

function __fish_zksh_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_zksh_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_zksh_using_subcommand
    set -l cmd (__fish_zksh_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c zksh -n "__fish_zksh_needs_command" -l server -d 'Servers of one ensemble, and the znode to be seen as / [default: localhost:2181]' -r
complete -c zksh -n "__fish_zksh_needs_command" -l ensemble -d 'Servers by the name that the config file gives them' -r
complete -c zksh -n "__fish_zksh_needs_command" -l timeout -d 'Session timeout, and the longest wait for a reply, in milliseconds [default: 30000]' -r
complete -c zksh -n "__fish_zksh_needs_command" -l compat -d 'Release of zkCli whose output is printed [default: 3.4]' -r -f -a "3.4\t'zkCli 3.4.5, the release that books and courses show'
3.9\t'zkCli 3.9, for people and scripts that come from it'"
complete -c zksh -n "__fish_zksh_needs_command" -l color -d 'When to use colours [default: auto]' -r -f -a "auto\t'On a terminal, unless `NO_COLOR` is set'
always\t'Always'
never\t'Never'"
complete -c zksh -n "__fish_zksh_needs_command" -s o -l output -d 'What results, errors and events look like [default: text]' -r -f -a "text\t'As zkCli prints them'
json\t'One JSON object a line for every result, error and event, all on standard output'
raw\t'Data alone, byte for byte, without a newline; events go to standard error'"
complete -c zksh -n "__fish_zksh_needs_command" -s f -l file -d 'Read commands from a file' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l window -d 'The most requests of a script in flight, 1 to 1000; where results are long they are fewer' -r
complete -c zksh -n "__fish_zksh_needs_command" -l sandbox -d 'Start an in-memory ZooKeeper for this shell [default: 127.0.0.1:2181 or a free port]' -r
complete -c zksh -n "__fish_zksh_needs_command" -l sandbox-set -d 'Set a limit of the sandbox by its name in zoo.cfg: tickTime, jute.maxbuffer, ...' -r
complete -c zksh -n "__fish_zksh_needs_command" -l cacert -d 'Certificates to trust: of authorities, or a server\'s own (PEM, PKCS12 or JKS)' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l cert -d 'Certificate to show to a server that wants one (PEM, PKCS12 or JKS)' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l key -d 'Key of the certificate, where it is in a file of its own' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l key-password-file -d 'File with the password of the key and of the stores' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l sasl -d 'Authenticate each connection by SASL' -r -f -a "digest-md5\t'User and password, as `DigestLoginModule` has them'"
complete -c zksh -n "__fish_zksh_needs_command" -l user -d 'User to authenticate as by SASL' -r
complete -c zksh -n "__fish_zksh_needs_command" -l password-file -d 'File with the user\'s password; without it, the password is asked for unseen' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l client-configuration -d 'Properties file of zkCli, with zookeeper.client.secure, zookeeper.ssl.* and zookeeper.sasl.*' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l max-request -d 'Largest request to send, in bytes: the servers\' jute.maxbuffer [default: 1048575]' -r
complete -c zksh -n "__fish_zksh_needs_command" -l config -d 'Config file to read in place of the usual one' -r -F
complete -c zksh -n "__fish_zksh_needs_command" -l completion -d 'Print a completion script for a shell, and end' -r -f -a "bash\t''
elvish\t''
fish\t''
powershell\t''
zsh\t''"
complete -c zksh -n "__fish_zksh_needs_command" -s r -d 'Accept a server that has lost its quorum: reads only'
complete -c zksh -n "__fish_zksh_needs_command" -l waitforconnection -d 'Wait for a connection before the first prompt or command'
complete -c zksh -n "__fish_zksh_needs_command" -l check -d 'Say what is wrong with the lines of the script; connect to nothing and run nothing'
complete -c zksh -n "__fish_zksh_needs_command" -l stop-on-error -d 'Run nothing after the first line that fails; each write waits for the reply to the last'
complete -c zksh -n "__fish_zksh_needs_command" -l vars -d 'Let ${NAME} stand for a variable of the environment, in single quotes excepted'
complete -c zksh -n "__fish_zksh_needs_command" -l serve -d 'Serve the sandbox and run no shell, until Ctrl-C or SIGTERM'
complete -c zksh -n "__fish_zksh_needs_command" -l allow-remote -d 'Let the sandbox listen beyond this machine: it trusts whoever connects'
complete -c zksh -n "__fish_zksh_needs_command" -l tls -d 'Encrypt connections, as tls://host:port does; --cacert and --cert imply it'
complete -c zksh -n "__fish_zksh_needs_command" -l insecure-hostname -d 'Accept a certificate for another host; its issuer and its time are checked all the same'
complete -c zksh -n "__fish_zksh_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_needs_command" -s V -l version -d 'Print version'
complete -c zksh -n "__fish_zksh_needs_command" -a "ls" -d 'List the children of a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "ls2" -d 'List the children of a znode, and its stat'
complete -c zksh -n "__fish_zksh_needs_command" -a "get" -d 'Print the data of a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "stat" -d 'Print the stat of a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "exists" -d 'Tell by the exit status whether a znode exists'
complete -c zksh -n "__fish_zksh_needs_command" -a "getAllChildrenNumber" -d 'Count the znodes below a znode, at every depth'
complete -c zksh -n "__fish_zksh_needs_command" -a "cd" -d 'Change the znode that relative paths start from'
complete -c zksh -n "__fish_zksh_needs_command" -a "pwd" -d 'Print the znode that relative paths start from'
complete -c zksh -n "__fish_zksh_needs_command" -a "create" -d 'Create a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "set" -d 'Write the data of a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "edit" -d 'Edit the data of a znode with $VISUAL or $EDITOR'
complete -c zksh -n "__fish_zksh_needs_command" -a "delete" -d 'Delete a znode that has no children'
complete -c zksh -n "__fish_zksh_needs_command" -a "deleteall" -d 'Delete a znode and all below it'
complete -c zksh -n "__fish_zksh_needs_command" -a "rmr" -d 'Delete a znode and all below it'
complete -c zksh -n "__fish_zksh_needs_command" -a "watch" -d 'Print each event of a znode, or run a command for it'
complete -c zksh -n "__fish_zksh_needs_command" -a "wait" -d 'Wait until a znode is as it should be'
complete -c zksh -n "__fish_zksh_needs_command" -a "addWatch" -d 'Leave a watch that stays until it is removed'
complete -c zksh -n "__fish_zksh_needs_command" -a "removewatches" -d 'Remove watches of this session from a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "watches" -d 'List the watches of this session'
complete -c zksh -n "__fish_zksh_needs_command" -a "printwatches" -d 'Show events as they come, or not; watching goes on'
complete -c zksh -n "__fish_zksh_needs_command" -a "getAcl" -d 'Print who may do what with a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "setAcl" -d 'Replace the list of who may do what with a znode'
complete -c zksh -n "__fish_zksh_needs_command" -a "digest" -d 'Print the id for ACLs of a user and a password'
complete -c zksh -n "__fish_zksh_needs_command" -a "addauth" -d 'Add an identity to this session and to later ones'
complete -c zksh -n "__fish_zksh_needs_command" -a "whoami" -d 'Print who the server takes this session for'
complete -c zksh -n "__fish_zksh_needs_command" -a "setquota" -d 'Limit the znodes or bytes of a znode and all below it'
complete -c zksh -n "__fish_zksh_needs_command" -a "listquota" -d 'Print the limits of a znode and what it has'
complete -c zksh -n "__fish_zksh_needs_command" -a "delquota" -d 'Take a limit away from a znode, or its whole quota'
complete -c zksh -n "__fish_zksh_needs_command" -a "connect" -d 'Close the session and open one, here or elsewhere'
complete -c zksh -n "__fish_zksh_needs_command" -a "close" -d 'Close the session; its ephemerals and watches go with it'
complete -c zksh -n "__fish_zksh_needs_command" -a "reconnect" -d 'Open a new session where one has expired'
complete -c zksh -n "__fish_zksh_needs_command" -a "getEphemerals" -d 'List the ephemeral znodes of this session'
complete -c zksh -n "__fish_zksh_needs_command" -a "sync" -d 'Wait until the server has caught up with the leader'
complete -c zksh -n "__fish_zksh_needs_command" -a "quit" -d 'Close the session and leave the shell'
complete -c zksh -n "__fish_zksh_needs_command" -a "exit" -d 'Close the session and leave the shell'
complete -c zksh -n "__fish_zksh_needs_command" -a "config" -d 'Print the configuration of the ensemble'
complete -c zksh -n "__fish_zksh_needs_command" -a "reconfig" -d 'Change which servers the ensemble has'
complete -c zksh -n "__fish_zksh_needs_command" -a "multi" -d 'Begin a transaction, which commit applies'
complete -c zksh -n "__fish_zksh_needs_command" -a "check" -d 'Make a transaction depend on a znode and its version'
complete -c zksh -n "__fish_zksh_needs_command" -a "commit" -d 'Apply a transaction: all of it, or nothing'
complete -c zksh -n "__fish_zksh_needs_command" -a "discard" -d 'Forget a transaction; nothing of it is sent'
complete -c zksh -n "__fish_zksh_needs_command" -a "echo" -d 'Print words, one blank between them'
complete -c zksh -n "__fish_zksh_needs_command" -a "sleep" -d 'Wait for some seconds with the session kept alive'
complete -c zksh -n "__fish_zksh_needs_command" -a "time" -d 'Run a command and print how long it took'
complete -c zksh -n "__fish_zksh_needs_command" -a "repeat" -d 'Run a command a number of times, until it fails'
complete -c zksh -n "__fish_zksh_needs_command" -a "help" -d 'Show all commands, one in full, or what a word means'
complete -c zksh -n "__fish_zksh_needs_command" -a "history" -d 'Print the last lines typed, or search them all'
complete -c zksh -n "__fish_zksh_needs_command" -a "redo" -d 'Run an earlier line again'
complete -c zksh -n "__fish_zksh_needs_command" -a "setting" -d 'Show or change how the shell behaves'
complete -c zksh -n "__fish_zksh_needs_command" -a "version" -d 'Print the shell\'s name and version'
complete -c zksh -n "__fish_zksh_using_subcommand ls" -s s -l stat -d 'Print the stat as well'
complete -c zksh -n "__fish_zksh_using_subcommand ls" -s w -l watch -d 'Leave a watch: one event when a child comes or goes, or the znode goes'
complete -c zksh -n "__fish_zksh_using_subcommand ls" -s R -l recursive -d 'List all that is below, one path a line; -w watches the data of path too'
complete -c zksh -n "__fish_zksh_using_subcommand ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand ls2" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand get" -s s -l stat -d 'Print the stat as well'
complete -c zksh -n "__fish_zksh_using_subcommand get" -s w -l watch -d 'Leave a watch: one event when the data changes or the znode goes'
complete -c zksh -n "__fish_zksh_using_subcommand get" -s b -l base64 -d 'Print the data in base64'
complete -c zksh -n "__fish_zksh_using_subcommand get" -s x -l hex -d 'Print the data as a table of bytes in hexadecimal'
complete -c zksh -n "__fish_zksh_using_subcommand get" -l pretty -d 'Show the data as what it is: JSON indented, what is compressed undone'
complete -c zksh -n "__fish_zksh_using_subcommand get" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand stat" -s w -l watch -d 'Leave a watch: one event when the znode comes, goes or changes its data'
complete -c zksh -n "__fish_zksh_using_subcommand stat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand exists" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand getAllChildrenNumber" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand cd" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand pwd" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand create" -s t -l ttl -d 'Delete the znode when nothing happens to it for so many milliseconds' -r
complete -c zksh -n "__fish_zksh_using_subcommand create" -s i -l input -d 'Take the data from this file, or with - from standard input' -r -F
complete -c zksh -n "__fish_zksh_using_subcommand create" -s s -l sequential -d 'Append ten digits that count up, so that every name is new'
complete -c zksh -n "__fish_zksh_using_subcommand create" -s e -l ephemeral -d 'Delete the znode when this session ends'
complete -c zksh -n "__fish_zksh_using_subcommand create" -s c -l container -d 'Delete the znode some time after its last child has gone'
complete -c zksh -n "__fish_zksh_using_subcommand create" -s b -l base64 -d 'The data is given in base64'
complete -c zksh -n "__fish_zksh_using_subcommand create" -s x -l hex -d 'The data is given in hexadecimal, blanks between digits allowed'
complete -c zksh -n "__fish_zksh_using_subcommand create" -l parents -d 'Create the znodes above it too, where they do not exist'
complete -c zksh -n "__fish_zksh_using_subcommand create" -l if-absent -d 'Let be where the znode exists'
complete -c zksh -n "__fish_zksh_using_subcommand create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand set" -s v -l version -d 'Write only if this is the version of the data' -r
complete -c zksh -n "__fish_zksh_using_subcommand set" -s i -l input -d 'Take the data from this file, or with - from standard input' -r -F
complete -c zksh -n "__fish_zksh_using_subcommand set" -s s -l stat -d 'Print the stat afterwards'
complete -c zksh -n "__fish_zksh_using_subcommand set" -s b -l base64 -d 'The data is given in base64'
complete -c zksh -n "__fish_zksh_using_subcommand set" -s x -l hex -d 'The data is given in hexadecimal, blanks between digits allowed'
complete -c zksh -n "__fish_zksh_using_subcommand set" -l create -d 'Create the znode where it does not exist'
complete -c zksh -n "__fish_zksh_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand delete" -s v -l version -d 'Delete only if this is the version of the data' -r
complete -c zksh -n "__fish_zksh_using_subcommand delete" -l if-exists -d 'Let be where the znode does not exist'
complete -c zksh -n "__fish_zksh_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand deleteall" -s b -l batch -d 'Znodes deleted at a time, 1000 at most; zksh chooses well by itself' -r
complete -c zksh -n "__fish_zksh_using_subcommand deleteall" -s y -l yes -d 'Do not ask at a terminal'
complete -c zksh -n "__fish_zksh_using_subcommand deleteall" -l force -d 'Do it even to /, /zookeeper and what the config file protects'
complete -c zksh -n "__fish_zksh_using_subcommand deleteall" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand rmr" -s b -l batch -d 'Znodes deleted at a time, 1000 at most; zksh chooses well by itself' -r
complete -c zksh -n "__fish_zksh_using_subcommand rmr" -s y -l yes -d 'Do not ask at a terminal'
complete -c zksh -n "__fish_zksh_using_subcommand rmr" -l force -d 'Do it even to /, /zookeeper and what the config file protects'
complete -c zksh -n "__fish_zksh_using_subcommand rmr" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand watch" -s n -l count -d 'End after so many events' -r
complete -c zksh -n "__fish_zksh_using_subcommand watch" -s R -l recursive -d 'Follow all that is below it too'
complete -c zksh -n "__fish_zksh_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand wait" -s t -l timeout -d 'Fail after so many seconds' -r
complete -c zksh -n "__fish_zksh_using_subcommand wait" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand addWatch" -s m -l mode -d 'Whether all below the znode is watched too' -r -f -a "PERSISTENT\t'The znode: its data, its children, its coming and going'
PERSISTENT_RECURSIVE\t'The znode and all below it: data, coming and going'"
complete -c zksh -n "__fish_zksh_using_subcommand addWatch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s c -l children -d 'Only the watch that ls left'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s d -l data -d 'Only the watch that get or stat left'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s p -l persistent -d 'Only the persistent watch'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s r -l recursive -d 'Only the persistent watch of all below the znode'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s a -l any -d 'Watches of every kind, as without any of these'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s l -l local -d 'Remove them even without a connection'
complete -c zksh -n "__fish_zksh_using_subcommand removewatches" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand watches" -l remove-all -d 'Remove them all'
complete -c zksh -n "__fish_zksh_using_subcommand watches" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand printwatches" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand getAcl" -s s -l stat -d 'Print the stat as well'
complete -c zksh -n "__fish_zksh_using_subcommand getAcl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand setAcl" -s v -l version -d 'Replace it only if this is the version of the list (aclVersion)' -r
complete -c zksh -n "__fish_zksh_using_subcommand setAcl" -s s -l stat -d 'Print the stat afterwards'
complete -c zksh -n "__fish_zksh_using_subcommand setAcl" -s R -l recursive -d 'Replace those of all znodes below as well'
complete -c zksh -n "__fish_zksh_using_subcommand setAcl" -s y -l yes -d 'Do not ask at a terminal'
complete -c zksh -n "__fish_zksh_using_subcommand setAcl" -l force -d 'Do it even to /, /zookeeper and what the config file protects'
complete -c zksh -n "__fish_zksh_using_subcommand setAcl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand digest" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand addauth" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand whoami" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand setquota" -s n -l count -d 'Most znodes, itself included; more are noted in the server\'s log' -r
complete -c zksh -n "__fish_zksh_using_subcommand setquota" -s b -l bytes -d 'Most bytes of data; more are noted in the server\'s log' -r
complete -c zksh -n "__fish_zksh_using_subcommand setquota" -s N -l hard-count -d 'Most znodes; the server refuses more, if it has enforceQuota=true' -r
complete -c zksh -n "__fish_zksh_using_subcommand setquota" -s B -l hard-bytes -d 'Most bytes of data; the server refuses more, if it has enforceQuota=true' -r
complete -c zksh -n "__fish_zksh_using_subcommand setquota" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand listquota" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand delquota" -s n -l count -d 'Only the soft limit of znodes'
complete -c zksh -n "__fish_zksh_using_subcommand delquota" -s b -l bytes -d 'Only the soft limit of bytes'
complete -c zksh -n "__fish_zksh_using_subcommand delquota" -s N -l hard-count -d 'Only the hard limit of znodes'
complete -c zksh -n "__fish_zksh_using_subcommand delquota" -s B -l hard-bytes -d 'Only the hard limit of bytes'
complete -c zksh -n "__fish_zksh_using_subcommand delquota" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand connect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand close" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand reconnect" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand getEphemerals" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand quit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand exit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand config" -s c -l clients -d 'Print only its version and the addresses for clients'
complete -c zksh -n "__fish_zksh_using_subcommand config" -s w -l watch -d 'Leave a watch: one event when the configuration changes'
complete -c zksh -n "__fish_zksh_using_subcommand config" -s s -l stat -d 'Print the stat as well'
complete -c zksh -n "__fish_zksh_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -s v -l version -d 'Change it only if this is its version, as config prints it (hexadecimal)' -r
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -l file -d 'File with one server.N=... line for each member, as for a server' -r -F
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -l members -d 'All members, as server.N=host:port:port[:role];port[,...]' -r
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -l add -d 'Members to add, or to change where the number is known' -r
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -l remove -d 'Numbers of members to remove' -r
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -s s -l stat -d 'Print the stat of the configuration as well'
complete -c zksh -n "__fish_zksh_using_subcommand reconfig" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand multi" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand commit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand discard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand echo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand sleep" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand time" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand repeat" -s i -l interval -d 'Time from the end of one run to the begin of the next' -r
complete -c zksh -n "__fish_zksh_using_subcommand repeat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand help" -l lang -d 'Language of the glossary, en or zh; the locale\'s by default' -r -f -a "en\t'English'
zh\t'Simplified Chinese'"
complete -c zksh -n "__fish_zksh_using_subcommand help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand redo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand setting" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c zksh -n "__fish_zksh_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
