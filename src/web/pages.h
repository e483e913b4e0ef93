/* Handlers of the pages.  They know no account: the pages themselves call the API.
 *
 * Threads  any worker.
 * Ends     OK.
 */
#pragma once
#include "http/call.h"

enum err web_home(struct call *c);
enum err web_page(struct call *c);
enum err web_file(struct call *c);
