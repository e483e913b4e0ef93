/* libpq, which is loaded when a PostgreSQL database is opened; nothing else includes libpq-fe.h. */
#pragma once
#include <libpq-fe.h>
#include "base/err.h"

/* The functions of libpq that we call. */
/* clang-format off */
#define LIBPQ(F)                                                                                                       \
    F(PQconninfoParse) F(PQconninfoFree) F(PQfreemem) F(PQconnectStartParams) F(PQconnectPoll) F(PQreset) F(PQfinish) F(PQstatus) F(PQerrorMessage)   \
    F(PQsocket) F(PQserverVersion) F(PQbackendPID) F(PQtransactionStatus) F(PQsetNoticeReceiver)                       \
    F(PQsendQuery) F(PQsendPrepare) F(PQsendQueryParams) F(PQsendQueryPrepared) F(PQconsumeInput) F(PQisBusy)          \
    F(PQgetResult) F(PQclear) F(PQresultStatus) F(PQresultErrorField) F(PQntuples) F(PQnfields) F(PQftype)             \
    F(PQgetvalue) F(PQgetlength) F(PQgetisnull) F(PQcmdTuples) F(PQcmdStatus) F(PQnotifies) F(PQlibVersion)            \
    F(PQputCopyData) F(PQputCopyEnd)                                                                                   \
    F(PQenterPipelineMode) F(PQexitPipelineMode) F(PQpipelineStatus) F(PQpipelineSync)
/* clang-format on */
#define LIBPQ_MEMBER(name) __typeof__(name) *name;
struct libpq {
    LIBPQ(LIBPQ_MEMBER)
};

/* Ends: ERR_INTERNAL (not installed). */
FALLIBLE libpq_load(const struct libpq **out);
