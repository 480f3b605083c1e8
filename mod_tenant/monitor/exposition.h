/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TENANT_MONITOR_EXPOSITION_H
#define TENANT_MONITOR_EXPOSITION_H

#include "../json/writer.h"
#include "../metrics/counters.h"

/* The text of a scrape, in Prometheus' text format 0.0.4 or in OpenMetrics 1.0, which differ in what families
 * are called, and in the last line. */
typedef struct exposition_t {
    writer_t *writer;
    int is_openmetrics;
    int has_labels; /* the sample that is being written has one */
} exposition_t;

/* The lines ahead of a metric's samples. */
void exposition_begin(exposition_t *exposition, const metric_t *metric);

/* A sample: its name, any number of labels, the value. What follows the metric's name is told by its kind,
 * unless ending says otherwise; NULL: it does not. */
void exposition_sample(exposition_t *exposition, const metric_t *metric, const char *ending);
/* value: any bytes; what is no UTF-8 becomes U+FFFD. NULL: no such label. */
void exposition_label(exposition_t *exposition, const char *name, const char *value);
void exposition_integer(exposition_t *exposition, int64_t value);
/* Microseconds, as seconds. */
void exposition_seconds(exposition_t *exposition, int64_t value);

/* The text of that; no locale has its say, and no digit is lost. */
enum { EXPOSITION_SECONDS = 32 };
void exposition_format_seconds(char text[EXPOSITION_SECONDS], int64_t value);

/* Whichever of the two the metric is. */
void exposition_value(exposition_t *exposition, const metric_t *metric, int64_t value);

/* All samples of a metric that is counted, from counters_sum(). */
void exposition_counted(exposition_t *exposition, const metric_t *metric, const int64_t *sum);

/* The last line, where the format has one. */
void exposition_end(exposition_t *exposition);

#endif
