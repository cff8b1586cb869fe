
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'zksh' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'zksh'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'zksh' {
            [CompletionResult]::new('--server', '--server', [CompletionResultType]::ParameterName, 'Servers of one ensemble, and the znode to be seen as / [default: localhost:2181]')
            [CompletionResult]::new('--ensemble', '--ensemble', [CompletionResultType]::ParameterName, 'Servers by the name that the config file gives them')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Session timeout, and the longest wait for a reply, in milliseconds [default: 30000]')
            [CompletionResult]::new('--compat', '--compat', [CompletionResultType]::ParameterName, 'Release of zkCli whose output is printed [default: 3.4]')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours [default: auto]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'What results, errors and events look like [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'What results, errors and events look like [default: text]')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Read commands from a file')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Read commands from a file')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'The most requests of a script in flight, 1 to 4096; fewer if results are long [default: as many as keep the link busy, and at least 128]')
            [CompletionResult]::new('--reconnect', '--reconnect', [CompletionResultType]::ParameterName, 'Wait for a server if the connection is lost, go on in a new session if the old one has expired [default: 60]')
            [CompletionResult]::new('--sandbox', '--sandbox', [CompletionResultType]::ParameterName, 'Start an in-memory ZooKeeper for this shell [default: 127.0.0.1:2181 or a free port]')
            [CompletionResult]::new('--sandbox-servers', '--sandbox-servers', [CompletionResultType]::ParameterName, 'Make it an ensemble of this many servers, on consecutive ports or free ones')
            [CompletionResult]::new('--sandbox-tls', '--sandbox-tls', [CompletionResultType]::ParameterName, 'Let the sandbox speak TLS, with certificates from a folder; an empty folder gets new ones')
            [CompletionResult]::new('--sandbox-users', '--sandbox-users', [CompletionResultType]::ParameterName, 'Users of the sandbox for SASL, from a file: a line user:password for each')
            [CompletionResult]::new('--sandbox-set', '--sandbox-set', [CompletionResultType]::ParameterName, 'Set a limit of the sandbox by its name in zoo.cfg: tickTime, jute.maxbuffer, ...')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Certificates to trust: of authorities, or a server''s own (PEM, PKCS12 or JKS)')
            [CompletionResult]::new('--cert', '--cert', [CompletionResultType]::ParameterName, 'Certificate to show to a server that wants one (PEM, PKCS12 or JKS)')
            [CompletionResult]::new('--key', '--key', [CompletionResultType]::ParameterName, 'Key of the certificate, if it is in another file')
            [CompletionResult]::new('--key-password-file', '--key-password-file', [CompletionResultType]::ParameterName, 'File with the password of the key and of the stores')
            [CompletionResult]::new('--sasl', '--sasl', [CompletionResultType]::ParameterName, 'Authenticate each connection by SASL')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'User to authenticate as by SASL')
            [CompletionResult]::new('--password-file', '--password-file', [CompletionResultType]::ParameterName, 'File with the user''s password; without it, zksh asks for the password')
            [CompletionResult]::new('--client-configuration', '--client-configuration', [CompletionResultType]::ParameterName, 'Properties file of zkCli, with zookeeper.client.secure, zookeeper.ssl.* and zookeeper.sasl.*')
            [CompletionResult]::new('--max-request', '--max-request', [CompletionResultType]::ParameterName, 'Largest request to send, in bytes: the servers'' jute.maxbuffer [default: 1048575]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Config file to read in place of the usual one')
            [CompletionResult]::new('--completion', '--completion', [CompletionResultType]::ParameterName, 'Print a completion script for a shell, and end')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Accept a server that has lost its quorum: reads only')
            [CompletionResult]::new('--waitforconnection', '--waitforconnection', [CompletionResultType]::ParameterName, 'Wait for a connection before the first prompt or command')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Say what is wrong with the lines of the script; connect to nothing and run nothing')
            [CompletionResult]::new('--stop-on-error', '--stop-on-error', [CompletionResultType]::ParameterName, 'Run nothing after the first line that fails; each write waits for the reply to the last')
            [CompletionResult]::new('--vars', '--vars', [CompletionResultType]::ParameterName, 'Replace ${NAME} by a variable of the environment, except in single quotes')
            [CompletionResult]::new('--glob', '--glob', [CompletionResultType]::ParameterName, 'Expand patterns (*, ?, [a-z], **) in unquoted paths that are read, as at a prompt')
            [CompletionResult]::new('--serve', '--serve', [CompletionResultType]::ParameterName, 'Serve the sandbox and run no shell, until Ctrl-C or SIGTERM')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Let the sandbox listen beyond this machine: it trusts every client')
            [CompletionResult]::new('--tls', '--tls', [CompletionResultType]::ParameterName, 'Encrypt connections, as tls://host:port does; --cacert and --cert imply it')
            [CompletionResult]::new('--insecure-hostname', '--insecure-hostname', [CompletionResultType]::ParameterName, 'Accept a certificate for another host; its issuer and its validity are still checked')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the children of a znode')
            [CompletionResult]::new('ls2', 'ls2', [CompletionResultType]::ParameterValue, 'List the children of a znode, and its stat')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'Print the data of a znode')
            [CompletionResult]::new('stat', 'stat', [CompletionResultType]::ParameterValue, 'Print the stat of a znode')
            [CompletionResult]::new('exists', 'exists', [CompletionResultType]::ParameterValue, 'Set the exit status by whether a znode exists')
            [CompletionResult]::new('getAllChildrenNumber', 'getAllChildrenNumber', [CompletionResultType]::ParameterValue, 'Count the znodes below a znode, at every depth')
            [CompletionResult]::new('cd', 'cd', [CompletionResultType]::ParameterValue, 'Change the znode that relative paths start from')
            [CompletionResult]::new('pwd', 'pwd', [CompletionResultType]::ParameterValue, 'Print the znode that relative paths start from')
            [CompletionResult]::new('tree', 'tree', [CompletionResultType]::ParameterValue, 'Draw what lies below a znode')
            [CompletionResult]::new('find', 'find', [CompletionResultType]::ParameterValue, 'List the znodes that meet all conditions')
            [CompletionResult]::new('grep', 'grep', [CompletionResultType]::ParameterValue, 'Search the data of a znode and of all below it')
            [CompletionResult]::new('du', 'du', [CompletionResultType]::ParameterValue, 'Show which branches of a tree hold the most')
            [CompletionResult]::new('count', 'count', [CompletionResultType]::ParameterValue, 'Count the znodes at and below a znode, by kind')
            [CompletionResult]::new('create', 'create', [CompletionResultType]::ParameterValue, 'Create a znode')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Write the data of a znode')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Edit the data of a znode with $VISUAL or $EDITOR')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete a znode that has no children')
            [CompletionResult]::new('deleteall', 'deleteall', [CompletionResultType]::ParameterValue, 'Delete a znode and all below it')
            [CompletionResult]::new('rmr', 'rmr', [CompletionResultType]::ParameterValue, 'Delete a znode and all below it')
            [CompletionResult]::new('undo', 'undo', [CompletionResultType]::ParameterValue, 'Take back what lines at this prompt have changed')
            [CompletionResult]::new('json', 'json', [CompletionResultType]::ParameterValue, 'Read JSON data with a jq expression, or change it')
            [CompletionResult]::new('cp', 'cp', [CompletionResultType]::ParameterValue, 'Copy a znode, with -r all below it too')
            [CompletionResult]::new('mv', 'mv', [CompletionResultType]::ParameterValue, 'Move a znode, with -r all below it too')
            [CompletionResult]::new('mirror', 'mirror', [CompletionResultType]::ParameterValue, 'Make a tree like another')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show how two trees differ, or a tree and a file')
            [CompletionResult]::new('save', 'save', [CompletionResultType]::ParameterValue, 'Write a znode and all below it to a file, or print them')
            [CompletionResult]::new('load', 'load', [CompletionResultType]::ParameterValue, 'Load the znodes of a saved file')
            [CompletionResult]::new('plan', 'plan', [CompletionResultType]::ParameterValue, 'Show what apply would do to make a tree match a file')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make a tree match a file')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Print each event of a znode, or run a command for it')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until a znode meets a condition')
            [CompletionResult]::new('addWatch', 'addWatch', [CompletionResultType]::ParameterValue, 'Leave a watch that stays until it is removed')
            [CompletionResult]::new('removewatches', 'removewatches', [CompletionResultType]::ParameterValue, 'Remove watches of this session from a znode')
            [CompletionResult]::new('watches', 'watches', [CompletionResultType]::ParameterValue, 'List the watches of this session')
            [CompletionResult]::new('printwatches', 'printwatches', [CompletionResultType]::ParameterValue, 'Turn the display of events on or off; watches stay')
            [CompletionResult]::new('getAcl', 'getAcl', [CompletionResultType]::ParameterValue, 'Print who may do what with a znode')
            [CompletionResult]::new('setAcl', 'setAcl', [CompletionResultType]::ParameterValue, 'Replace the list of who may do what with a znode')
            [CompletionResult]::new('digest', 'digest', [CompletionResultType]::ParameterValue, 'Print the id for ACLs of a user and a password')
            [CompletionResult]::new('addauth', 'addauth', [CompletionResultType]::ParameterValue, 'Add an identity to this session and to later ones')
            [CompletionResult]::new('whoami', 'whoami', [CompletionResultType]::ParameterValue, 'Print who the server takes this session for')
            [CompletionResult]::new('setquota', 'setquota', [CompletionResultType]::ParameterValue, 'Limit the znodes or bytes of a znode and all below it')
            [CompletionResult]::new('listquota', 'listquota', [CompletionResultType]::ParameterValue, 'Print the limits of a znode and its usage')
            [CompletionResult]::new('delquota', 'delquota', [CompletionResultType]::ParameterValue, 'Remove a limit of a znode, or its whole quota')
            [CompletionResult]::new('session', 'session', [CompletionResultType]::ParameterValue, 'Print what this session is, or work with several')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Print what this session is, or work with several')
            [CompletionResult]::new('as', 'as', [CompletionResultType]::ParameterValue, 'Run a command in another session of this shell')
            [CompletionResult]::new('connect', 'connect', [CompletionResultType]::ParameterValue, 'Close the session and open one, here or elsewhere')
            [CompletionResult]::new('close', 'close', [CompletionResultType]::ParameterValue, 'Close the session; its ephemerals and watches go with it')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Check the way to each server, step by step')
            [CompletionResult]::new('reconnect', 'reconnect', [CompletionResultType]::ParameterValue, 'Open a new session after one has expired')
            [CompletionResult]::new('getEphemerals', 'getEphemerals', [CompletionResultType]::ParameterValue, 'List the ephemeral znodes of this session')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Wait until the server has caught up with the leader')
            [CompletionResult]::new('quit', 'quit', [CompletionResultType]::ParameterValue, 'Close the session and leave the shell')
            [CompletionResult]::new('exit', 'exit', [CompletionResultType]::ParameterValue, 'Close the session and leave the shell')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Print the configuration of the ensemble')
            [CompletionResult]::new('reconfig', 'reconfig', [CompletionResultType]::ParameterValue, 'Change which servers the ensemble has')
            [CompletionResult]::new('admin', 'admin', [CompletionResultType]::ParameterValue, 'Ask servers by four-letter words, or their AdminServer')
            [CompletionResult]::new('server', 'server', [CompletionResultType]::ParameterValue, 'List, stop and start the servers of a simulated ensemble')
            [CompletionResult]::new('multi', 'multi', [CompletionResultType]::ParameterValue, 'Begin a transaction, which commit applies')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Make a transaction depend on a znode and its version')
            [CompletionResult]::new('commit', 'commit', [CompletionResultType]::ParameterValue, 'Apply a transaction: all of it, or nothing')
            [CompletionResult]::new('discard', 'discard', [CompletionResultType]::ParameterValue, 'Drop a transaction; nothing is sent')
            [CompletionResult]::new('source', 'source', [CompletionResultType]::ParameterValue, 'Run the lines of a file, as if they were typed here')
            [CompletionResult]::new('echo', 'echo', [CompletionResultType]::ParameterValue, 'Print words, one blank between them')
            [CompletionResult]::new('sleep', 'sleep', [CompletionResultType]::ParameterValue, 'Wait for some seconds with the session kept alive')
            [CompletionResult]::new('time', 'time', [CompletionResultType]::ParameterValue, 'Run a command and print how long it took')
            [CompletionResult]::new('repeat', 'repeat', [CompletionResultType]::ParameterValue, 'Run a command a number of times, until it fails')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Show all commands, one in full, or what a word means')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a command sends and does, or what a word means')
            [CompletionResult]::new('lesson', 'lesson', [CompletionResultType]::ParameterValue, 'List the lessons, or begin one')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Say again what the lesson asks for')
            [CompletionResult]::new('hint', 'hint', [CompletionResultType]::ParameterValue, 'Get a hint for the lesson, then the line to type')
            [CompletionResult]::new('back', 'back', [CompletionResultType]::ParameterValue, 'Undo this step of the lesson and the one before')
            [CompletionResult]::new('skip', 'skip', [CompletionResultType]::ParameterValue, 'Have the lesson do its step')
            [CompletionResult]::new('stop', 'stop', [CompletionResultType]::ParameterValue, 'Leave the lesson; it goes on from there the next time')
            [CompletionResult]::new('lang', 'lang', [CompletionResultType]::ParameterValue, 'Choose the language of lessons and glossary')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'Print the last lines typed, or search them all')
            [CompletionResult]::new('redo', 'redo', [CompletionResultType]::ParameterValue, 'Run an earlier line again')
            [CompletionResult]::new('journal', 'journal', [CompletionResultType]::ParameterValue, 'List what lines at this prompt have changed')
            [CompletionResult]::new('setting', 'setting', [CompletionResultType]::ParameterValue, 'Show or change how the shell behaves')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Clear the screen')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Print the shell''s name and version')
            break
        }
        'zksh;ls' {
            [CompletionResult]::new('--sort', '--sort', [CompletionResultType]::ParameterName, 'Sort the lines of -l by name, size, children or modified')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat as well; with -R that of each znode')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat as well; with -R that of each znode')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Leave a watch: one event when a child or the znode comes or goes')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Leave a watch: one event when a child or the znode comes or goes')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'List all znodes below, one path a line; -w watches the data of path too')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'List all znodes below, one path a line; -w watches the data of path too')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Print a line for each child with its kind, sizes, version, write time and owner')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Print a line for each child with its kind, sizes, version, write time and owner')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;ls2' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;get' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat as well')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat as well')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Leave a watch: one event when the data changes or the znode is deleted')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Leave a watch: one event when the data changes or the znode is deleted')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Print the data in base64')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'Print the data in base64')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Print the data as a table of bytes in hexadecimal')
            [CompletionResult]::new('--hex', '--hex', [CompletionResultType]::ParameterName, 'Print the data as a table of bytes in hexadecimal')
            [CompletionResult]::new('--pretty', '--pretty', [CompletionResultType]::ParameterName, 'Show the data by its kind: JSON indented, compressed data unpacked')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;stat' {
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Leave a watch: one event when the znode or its data changes')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Leave a watch: one event when the znode or its data changes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;exists' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;getAllChildrenNumber' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;cd' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;pwd' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;tree' {
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Draw this many levels only')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Draw this many levels only')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Show the bytes of data, and the kind of znodes that are not persistent')
            [CompletionResult]::new('--sizes', '--sizes', [CompletionResultType]::ParameterName, 'Show the bytes of data, and the kind of znodes that are not persistent')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;find' {
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'The name matches this pattern, with *, ? and [a-z]; any of several will do')
            [CompletionResult]::new('--regex', '--regex', [CompletionResultType]::ParameterName, 'The path matches this regular expression')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'The data matches this regular expression')
            [CompletionResult]::new('--type', '--type', [CompletionResultType]::ParameterName, 'One of persistent, ephemeral, container, ttl and sequential; any of several')
            [CompletionResult]::new('--size', '--size', [CompletionResultType]::ParameterName, 'N bytes of data: +N more, -N less; k and M are 1024 and 1024 times 1024')
            [CompletionResult]::new('--newer', '--newer', [CompletionResultType]::ParameterName, 'The data changed within this time, such as 30s, 5m, 12h, 30d, 2w')
            [CompletionResult]::new('--older', '--older', [CompletionResultType]::ParameterName, 'The data has not changed for this time')
            [CompletionResult]::new('--owner', '--owner', [CompletionResultType]::ParameterName, 'It is an ephemeral of this session')
            [CompletionResult]::new('--acl', '--acl', [CompletionResultType]::ParameterName, 'The ACL, as scheme:id:perms, has this text in it')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Look at this many levels below path only')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'Run a command, all the words that follow, for each znode; {} is its path')
            [CompletionResult]::new('--empty', '--empty', [CompletionResultType]::ParameterName, 'It has neither data nor children')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'It has no data at all, which is not the same as data of no bytes')
            [CompletionResult]::new('--delete', '--delete', [CompletionResultType]::ParameterName, 'Delete the znodes found, children first')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;grep' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Ignore case')
            [CompletionResult]::new('--ignore-case', '--ignore-case', [CompletionResultType]::ParameterName, 'Ignore case')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Print only the znodes with a match')
            [CompletionResult]::new('--znodes', '--znodes', [CompletionResultType]::ParameterName, 'Print only the znodes with a match')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Print only how many lines of each znode match')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Print only how many lines of each znode match')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Print the lines that do not match')
            [CompletionResult]::new('--invert', '--invert', [CompletionResultType]::ParameterName, 'Print the lines that do not match')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;du' {
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'Show this many of the largest')
            [CompletionResult]::new('--by', '--by', [CompletionResultType]::ParameterName, 'What counts as large')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;count' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;create' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Delete the znode when it has not changed for this many milliseconds')
            [CompletionResult]::new('--ttl', '--ttl', [CompletionResultType]::ParameterName, 'Delete the znode when it has not changed for this many milliseconds')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Take the data from this file, or with - from standard input')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Take the data from this file, or with - from standard input')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Append ten digits that count up, so that every name is new')
            [CompletionResult]::new('--sequential', '--sequential', [CompletionResultType]::ParameterName, 'Append ten digits that count up, so that every name is new')
            [CompletionResult]::new('-e', '-e', [CompletionResultType]::ParameterName, 'Delete the znode when this session ends')
            [CompletionResult]::new('--ephemeral', '--ephemeral', [CompletionResultType]::ParameterName, 'Delete the znode when this session ends')
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Delete the znode some time after its last child has gone')
            [CompletionResult]::new('--container', '--container', [CompletionResultType]::ParameterName, 'Delete the znode some time after its last child has gone')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Store null, which is no data; '''' is data of no bytes')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write nothing unless the data is JSON')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'The data is given in base64')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'The data is given in base64')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'The data is given in hexadecimal, blanks between digits allowed')
            [CompletionResult]::new('--hex', '--hex', [CompletionResultType]::ParameterName, 'The data is given in hexadecimal, blanks between digits allowed')
            [CompletionResult]::new('--parents', '--parents', [CompletionResultType]::ParameterName, 'Create missing znodes above it too')
            [CompletionResult]::new('--if-absent', '--if-absent', [CompletionResultType]::ParameterName, 'Do nothing if the znode exists')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;set' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Write only if this is the version of the data')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Write only if this is the version of the data')
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Take the data from this file, or with - from standard input')
            [CompletionResult]::new('--input', '--input', [CompletionResultType]::ParameterName, 'Take the data from this file, or with - from standard input')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat afterwards')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat afterwards')
            [CompletionResult]::new('--null', '--null', [CompletionResultType]::ParameterName, 'Store null, which is no data; '''' is data of no bytes')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write nothing unless the data is JSON')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'The data is given in base64')
            [CompletionResult]::new('--base64', '--base64', [CompletionResultType]::ParameterName, 'The data is given in base64')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'The data is given in hexadecimal, blanks between digits allowed')
            [CompletionResult]::new('--hex', '--hex', [CompletionResultType]::ParameterName, 'The data is given in hexadecimal, blanks between digits allowed')
            [CompletionResult]::new('--create', '--create', [CompletionResultType]::ParameterName, 'Create the znode if it does not exist')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;edit' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write nothing unless the text is JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;delete' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Delete only if this is the version of the data')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Delete only if this is the version of the data')
            [CompletionResult]::new('--if-exists', '--if-exists', [CompletionResultType]::ParameterName, 'Do nothing if the znode does not exist')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;deleteall' {
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Znodes deleted at a time, 1000 at most; by default zksh chooses the number')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Znodes deleted at a time, 1000 at most; by default zksh chooses the number')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be deleted, and delete nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be deleted, and delete nothing')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Delete what may be deleted, even if some children may not be listed')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;rmr' {
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Znodes deleted at a time, 1000 at most; by default zksh chooses the number')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Znodes deleted at a time, 1000 at most; by default zksh chooses the number')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be deleted, and delete nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be deleted, and delete nothing')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Delete what may be deleted, even if some children may not be listed')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;undo' {
            [CompletionResult]::new('--entry', '--entry', [CompletionResultType]::ParameterName, 'Take back only this entry of the journal, which may be an undo')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;json' {
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Write the result of an expression that assigns nothing')
            [CompletionResult]::new('--write', '--write', [CompletionResultType]::ParameterName, 'Write the result of an expression that assigns nothing')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;cp' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Copy all znodes below it too')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Copy all znodes below it too')
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'Change znodes that exist with different data, ACL or kind')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--persist-ephemerals', '--persist-ephemerals', [CompletionResultType]::ParameterName, 'Make ephemerals persistent; otherwise they are left out')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;mv' {
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Move all znodes below it too')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Move all znodes below it too')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be moved, and move nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be moved, and move nothing')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;mirror' {
            [CompletionResult]::new('--delete', '--delete', [CompletionResultType]::ParameterName, 'Delete what only the target has, except live ephemerals')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--persist-ephemerals', '--persist-ephemerals', [CompletionResultType]::ParameterName, 'Make ephemerals persistent; otherwise they are left out')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;diff' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Compare with a file or folder that save wrote')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Compare with a file or folder that save wrote')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show the paths only, not the values')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show the paths only, not the values')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;save' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write a folder of files, one for each znode''s data')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Replace an existing file')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;load' {
            [CompletionResult]::new('--overwrite', '--overwrite', [CompletionResultType]::ParameterName, 'Change znodes that exist with different data, ACL or kind')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--persist-ephemerals', '--persist-ephemerals', [CompletionResultType]::ParameterName, 'Make ephemerals persistent; otherwise they are left out')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;plan' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Keep the plan in a file; apply refuses it if the tree has changed since')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Keep the plan in a file; apply refuses it if the tree has changed since')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Show the paths only, not the values')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Show the paths only, not the values')
            [CompletionResult]::new('--persist-ephemerals', '--persist-ephemerals', [CompletionResultType]::ParameterName, 'Plan ephemerals as persistent; otherwise they are left out')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Delete what the file does not have, except live ephemerals')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;apply' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done, and do nothing')
            [CompletionResult]::new('--persist-ephemerals', '--persist-ephemerals', [CompletionResultType]::ParameterName, 'Make ephemerals persistent; otherwise they are left out')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Delete what the file does not have, except live ephemerals')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;watch' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'End after this many events')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End after this many events')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Follow all znodes below it too')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Follow all znodes below it too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;wait' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Fail after this many seconds')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Fail after this many seconds')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;addWatch' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'What to watch: the znode, or all below it too')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'What to watch: the znode, or all below it too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;removewatches' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Only the watch that ls left')
            [CompletionResult]::new('--children', '--children', [CompletionResultType]::ParameterName, 'Only the watch that ls left')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Only the watch that get or stat left')
            [CompletionResult]::new('--data', '--data', [CompletionResultType]::ParameterName, 'Only the watch that get or stat left')
            [CompletionResult]::new('-p', '-p', [CompletionResultType]::ParameterName, 'Only the persistent watch')
            [CompletionResult]::new('--persistent', '--persistent', [CompletionResultType]::ParameterName, 'Only the persistent watch')
            [CompletionResult]::new('-r', '-r', [CompletionResultType]::ParameterName, 'Only the persistent watch of all below the znode')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Only the persistent watch of all below the znode')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Watches of every kind, as without any of these')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'Watches of every kind, as without any of these')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Remove them even without a connection')
            [CompletionResult]::new('--local', '--local', [CompletionResultType]::ParameterName, 'Remove them even without a connection')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;watches' {
            [CompletionResult]::new('--remove-all', '--remove-all', [CompletionResultType]::ParameterName, 'Remove them all')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;printwatches' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;getAcl' {
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat as well')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat as well')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;setAcl' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Replace it only if this is the version of the list (aclVersion)')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Replace it only if this is the version of the list (aclVersion)')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat afterwards')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat afterwards')
            [CompletionResult]::new('-R', '-R ', [CompletionResultType]::ParameterName, 'Replace those of all znodes below as well')
            [CompletionResult]::new('--recursive', '--recursive', [CompletionResultType]::ParameterName, 'Replace those of all znodes below as well')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Show whose list would be replaced, and replace none')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show whose list would be replaced, and replace none')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask at a terminal')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Allow it for /, /zookeeper and what the config file protects')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;digest' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;addauth' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;whoami' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;setquota' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Most znodes, itself included; more are noted in the server''s log')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Most znodes, itself included; more are noted in the server''s log')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Most bytes of data; more are noted in the server''s log')
            [CompletionResult]::new('--bytes', '--bytes', [CompletionResultType]::ParameterName, 'Most bytes of data; more are noted in the server''s log')
            [CompletionResult]::new('-N', '-N ', [CompletionResultType]::ParameterName, 'Most znodes; the server refuses more, if it has enforceQuota=true')
            [CompletionResult]::new('--hard-count', '--hard-count', [CompletionResultType]::ParameterName, 'Most znodes; the server refuses more, if it has enforceQuota=true')
            [CompletionResult]::new('-B', '-B ', [CompletionResultType]::ParameterName, 'Most bytes of data; the server refuses more, if it has enforceQuota=true')
            [CompletionResult]::new('--hard-bytes', '--hard-bytes', [CompletionResultType]::ParameterName, 'Most bytes of data; the server refuses more, if it has enforceQuota=true')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;listquota' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;delquota' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only the soft limit of znodes')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Only the soft limit of znodes')
            [CompletionResult]::new('-b', '-b', [CompletionResultType]::ParameterName, 'Only the soft limit of bytes')
            [CompletionResult]::new('--bytes', '--bytes', [CompletionResultType]::ParameterName, 'Only the soft limit of bytes')
            [CompletionResult]::new('-N', '-N ', [CompletionResultType]::ParameterName, 'Only the hard limit of znodes')
            [CompletionResult]::new('--hard-count', '--hard-count', [CompletionResultType]::ParameterName, 'Only the hard limit of znodes')
            [CompletionResult]::new('-B', '-B ', [CompletionResultType]::ParameterName, 'Only the hard limit of bytes')
            [CompletionResult]::new('--hard-bytes', '--hard-bytes', [CompletionResultType]::ParameterName, 'Only the hard limit of bytes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;session' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Ask the server for this session timeout, in milliseconds')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Ask the server for this session timeout, in milliseconds')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Wait until the killed session has expired')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until the killed session has expired')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;status' {
            [CompletionResult]::new('-t', '-t', [CompletionResultType]::ParameterName, 'Ask the server for this session timeout, in milliseconds')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Ask the server for this session timeout, in milliseconds')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Wait until the killed session has expired')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until the killed session has expired')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;as' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;connect' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;close' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;doctor' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;reconnect' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;getEphemerals' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;sync' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;quit' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;exit' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;config' {
            [CompletionResult]::new('-c', '-c', [CompletionResultType]::ParameterName, 'Print only its version and the addresses for clients')
            [CompletionResult]::new('--clients', '--clients', [CompletionResultType]::ParameterName, 'Print only its version and the addresses for clients')
            [CompletionResult]::new('-w', '-w', [CompletionResultType]::ParameterName, 'Leave a watch: one event when the configuration changes')
            [CompletionResult]::new('--watch', '--watch', [CompletionResultType]::ParameterName, 'Leave a watch: one event when the configuration changes')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat as well')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat as well')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;reconfig' {
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Change it only if this is its version, as config prints it (hexadecimal)')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Change it only if this is its version, as config prints it (hexadecimal)')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'File with one server.N=... line for each member, as for a server')
            [CompletionResult]::new('--members', '--members', [CompletionResultType]::ParameterName, 'All members, as server.N=host:port:port[:role];port[,...]')
            [CompletionResult]::new('--add', '--add', [CompletionResultType]::ParameterName, 'Members to add, or to change if the number exists')
            [CompletionResult]::new('--remove', '--remove', [CompletionResultType]::ParameterName, 'Numbers of members to remove')
            [CompletionResult]::new('-s', '-s', [CompletionResultType]::ParameterName, 'Print the stat of the configuration as well')
            [CompletionResult]::new('--stat', '--stat', [CompletionResultType]::ParameterName, 'Print the stat of the configuration as well')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;admin' {
            [CompletionResult]::new('--http', '--http', [CompletionResultType]::ParameterName, 'Ask the AdminServer, on port 8080 or this one')
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'Ask every server, each under a heading')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'Ask every server, each under a heading')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Send it even if it may change the server')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Send it even if it may change the server')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;server' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;multi' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;check' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;commit' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;discard' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;source' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;echo' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;sleep' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;time' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;repeat' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Pause between two runs')
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'Pause between two runs')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;help' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language of the glossary, en or zh; the locale''s by default')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;explain' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;lesson' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'Language, en or zh; the locale''s by default')
            [CompletionResult]::new('--anywhere', '--anywhere', [CompletionResultType]::ParameterName, 'Play on any server, below a znode that is deleted at the end')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;next' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;hint' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;back' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;skip' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;stop' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;lang' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;history' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;redo' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;journal' {
            [CompletionResult]::new('-a', '-a', [CompletionResultType]::ParameterName, 'List the changes of all shells, also of those that have ended')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'List the changes of all shells, also of those that have ended')
            [CompletionResult]::new('--clear', '--clear', [CompletionResultType]::ParameterName, 'Delete the journal of all shells, so that nothing can be taken back')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;setting' {
            [CompletionResult]::new('--save', '--save', [CompletionResultType]::ParameterName, 'Save it in the config file for later shells; without a name, all')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;clear' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'zksh;version' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
