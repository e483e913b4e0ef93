#include "api/figures.h"
#include "factor/totp.h"
#include "flow/step_figures.h"

static void write_lane(struct server *server, struct buf *out)
{
    struct lane_figures f;
    server_lane_figures(server, &f);
    metrics_sample(out, "postern_hash_lane_queue", "gauge", "Requests waiting for the hash lane.", f.queued);
    metrics_sample(out, "postern_hash_lane_running", "gauge", "Requests that the hash lane runs.", f.running);
    metrics_sample(out, "postern_hash_lane_done_total", "counter", "Requests that the hash lane ended.",
                   (double)f.done);
    metrics_sample(out, "postern_hash_lane_shed_total", "counter",
                   "Requests refused because the wait would be too long.", (double)f.shed);
    metrics_sample(out, "postern_hash_lane_wait_seconds_total", "counter",
                   "Time that requests waited for the hash lane.", (double)f.wait_us / 1e6);
}

static void write_waiting(struct server *server, struct buf *out)
{
    metrics_sample(out, "postern_waiting_calls", "gauge", "Calls that wait for news.", server_waiting(server));
}

static void write_passwords(struct passwords *passwords, struct buf *out)
{
    struct password_load load;
    password_load(passwords, &load);
    metrics_sample(out, "postern_hash_workers", "gauge", "Password hash workers.", load.workers);
    metrics_sample(out, "postern_hashes_total", "counter", "Password hashes computed.", (double)load.done);
    metrics_sample(out, "postern_hash_mean_seconds", "gauge", "Moving average of one password hash.",
                   (double)load.mean_us / 1e6);
    metrics_sample(out, "postern_hash_wait_seconds_total", "counter", "Time that hashes waited for a worker.",
                   (double)load.waited_us / 1e6);
}

static void write_store(struct store *store, struct buf *out)
{
    struct store_figures f;
    store_figures(store, &f);
    metrics_sample(out, "postern_store_commits_total", "counter", "Commits of the database.", (double)f.commits);
    metrics_sample(out, "postern_store_committed_total", "counter", "Transactions in those commits.",
                   (double)f.committed);
    metrics_sample(out, "postern_store_failed_commits_total", "counter", "Commits that failed.", (double)f.failed);
    metrics_sample(out, "postern_store_commit_seconds_total", "counter", "Time inside commits.",
                   (double)f.commit_us / 1e6);
    metrics_sample(out, "postern_store_wait_seconds_total", "counter", "Time that writers waited for their turn.",
                   (double)f.wait_us / 1e6);
    metrics_sample(out, "postern_store_reads_total", "counter", "Statements read outside transactions.",
                   (double)f.reads);
    metrics_sample(out, "postern_store_read_seconds_total", "counter", "Time of those statements.",
                   (double)f.read_us / 1e6);
}

static void write_limits(const struct limits *limits, struct buf *out)
{
    buf_printf(out, "# HELP postern_limited_total Tries refused by a limit.\n# TYPE postern_limited_total counter\n");
    for (int kind = LIMIT_NONE + 1; kind < LIMIT_KINDS; kind++)
        buf_printf(out, "postern_limited_total{limit=\"%s\"} %llu\n", limit_rules[kind].name,
                   (unsigned long long)limits_refused(limits, (enum limit_kind)kind));
}

static void write_proofs(struct replay *proofs, struct buf *out)
{
    struct replay_figures f;
    replay_figures(proofs, &f);
    metrics_sample(out, "postern_dpop_proofs", "gauge", "Spent DPoP proofs that are remembered.", (double)f.held);
    metrics_sample(out, "postern_dpop_proofs_total", "counter", "DPoP proofs spent.", (double)f.spent);
    metrics_sample(out, "postern_dpop_replayed_total", "counter", "DPoP proofs that came again to this server.",
                   (double)f.refused);
    metrics_sample(out, "postern_dpop_full_total", "counter", "DPoP proofs refused for want of room.", (double)f.full);
}

static void write_drift(struct drift *drift, struct buf *out)
{
    struct drift_figures f;
    drift_figures(drift, &f);
    buf_printf(out, "# HELP postern_totp_codes_total Genuine codes of authenticator apps, by when they came.\n"
                    "# TYPE postern_totp_codes_total counter\n");
    buf_printf(out, "postern_totp_codes_total{when=\"in_time\"} %llu\n", (unsigned long long)f.timely);
    buf_printf(out, "postern_totp_codes_total{when=\"early\"} %llu\n", (unsigned long long)f.early);
    buf_printf(out, "postern_totp_codes_total{when=\"late\"} %llu\n", (unsigned long long)f.late);
    metrics_sample(out, "postern_totp_offset_seconds", "gauge",
                   "How far authenticator apps are ahead of this clock: the median of the accounts that came last.",
                   f.middle * TOTP_STEP_S);
}

static void write_steps(const struct step_figures *f, struct buf *out)
{
    buf_printf(
        out,
        "# HELP postern_second_steps_total Second steps of sign-ins.\n# TYPE postern_second_steps_total counter\n");
    buf_printf(out, "postern_second_steps_total{result=\"asked\"} %llu\n", (unsigned long long)f->asked);
    buf_printf(out, "postern_second_steps_total{result=\"passed\"} %llu\n", (unsigned long long)f->passed);
    buf_printf(out, "postern_second_steps_total{result=\"failed\"} %llu\n", (unsigned long long)f->failed);
    metrics_sample(out, "postern_step_ups_total", "counter", "Sessions raised by a step-up.", (double)f->raised);
    metrics_sample(out, "postern_enrol_only_signins_total", "counter",
                   "Sign-ins whose tokens can only add a second factor.", (double)f->limited);
}

void figures_write(const struct services *at, struct server *server, struct buf *out)
{
    metrics_write(server_metrics(server), out);
    write_lane(server, out);
    write_waiting(server, out);
    write_passwords(at->at->passwords, out);
    write_store(at->at->store, out);
    write_limits(at->at->limits, out);
    write_proofs(at->at->proofs, out);
    write_drift(at->at->drift, out);
    write_steps(at->at->steps, out);
}
