/* Anchors and metadata from files that the operator brings.
 *
 * Bounds   TRUST_FILES_MAX files of a folder, TRUST_FILE_MAX bytes of each; a BLOB has METADATA_MAX.
 * Threads  before the service runs.
 */
#pragma once
#include "webauthn/metadata.h"

#define TRUST_FILES_MAX 256
#define TRUST_FILE_MAX  (1024U * 1024)

/* Every file of the folder whose name ends in ".pem", each with one certificate or more; others are passed over.
 * Ends: ERR_MISSING (no such folder), ERR_INVALID (no such file in it, too many, or one without certificates),
 * ERR_INTERNAL.  The note names the file. */
FALLIBLE trust_files_add_folder(const char *path, struct anchors *anchors);
/* Ends: those of metadata_read, ERR_MISSING, ERR_INTERNAL. */
FALLIBLE trust_files_read_metadata(const char *path, const struct anchors *signers, int64_t now_s,
                                   struct metadata **out);
