/* argv -> serve, or one command. */
#include "cli/cli.h"
#include "proc/serve.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv, serve);
}
