/* SPDX-License-Identifier: Apache-2.0 */
#include "exposition.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "../text.h"

static const char prefix[] = "mod_tenant_";

static void write_text(exposition_t *exposition, const char *text)
{
    writer_raw(exposition->writer, text, strlen(text));
}

static const char *ending_of(const metric_t *metric)
{
    return metric_is_counter(metric) ? "_total" : metric->kind == METRIC_INFO ? "_info" : "";
}

static const char *type_of(const exposition_t *exposition, const metric_t *metric)
{
    if (metric->kind == METRIC_INFO)
        return exposition->is_openmetrics ? "info" : "gauge";
    if (metric->kind == METRIC_HISTOGRAM)
        return "histogram";
    return metric_is_counter(metric) ? "counter" : "gauge";
}

static void begin_line(exposition_t *exposition, const char *what, const metric_t *metric)
{
    write_text(exposition, what);
    write_text(exposition, prefix);
    write_text(exposition, metric->name);
    if (!exposition->is_openmetrics) /* there a family has the name of its samples */
        write_text(exposition, ending_of(metric));
    writer_literal(exposition->writer, " ");
}

void exposition_begin(exposition_t *exposition, const metric_t *metric)
{
    begin_line(exposition, "# HELP ", metric);
    write_text(exposition, metric->help);
    writer_literal(exposition->writer, "\n");
    begin_line(exposition, "# TYPE ", metric);
    write_text(exposition, type_of(exposition, metric));
    writer_literal(exposition->writer, "\n");
}

void exposition_sample(exposition_t *exposition, const metric_t *metric, const char *ending)
{
    write_text(exposition, prefix);
    write_text(exposition, metric->name);
    write_text(exposition, ending ? ending : ending_of(metric));
    exposition->has_labels = 0;
}

static void write_value(writer_t *writer, const char *value)
{
    int mended = 0;
    const char *text = text_mend(value, strlen(value), 1, INT_MAX, &mended, writer->pool);

    for (; *text; text++) {
        if (*text == '\n') {
            writer_literal(writer, "\\n");
            continue;
        }
        if (*text == '"' || *text == '\\')
            writer_literal(writer, "\\");
        writer_raw(writer, text, 1);
    }
}

void exposition_label(exposition_t *exposition, const char *name, const char *value)
{
    writer_t *writer = exposition->writer;

    if (!value)
        return;
    writer_raw(writer, exposition->has_labels ? "," : "{", 1);
    exposition->has_labels = 1;
    write_text(exposition, name);
    writer_literal(writer, "=\"");
    write_value(writer, value);
    writer_literal(writer, "\"");
}

static void end_labels(exposition_t *exposition)
{
    if (exposition->has_labels)
        writer_literal(exposition->writer, "}");
    writer_literal(exposition->writer, " ");
}

void exposition_integer(exposition_t *exposition, int64_t value)
{
    end_labels(exposition);
    writer_integer(exposition->writer, value);
    writer_literal(exposition->writer, "\n");
}

void exposition_format_seconds(char text[EXPOSITION_SECONDS], int64_t value)
{
    apr_snprintf(text, EXPOSITION_SECONDS, "%" PRId64 ".%06" PRId64, value / 1000000, value % 1000000);
}

void exposition_seconds(exposition_t *exposition, int64_t value)
{
    char text[EXPOSITION_SECONDS];

    end_labels(exposition);
    exposition_format_seconds(text, value);
    write_text(exposition, text);
    writer_literal(exposition->writer, "\n");
}

void exposition_value(exposition_t *exposition, const metric_t *metric, int64_t value)
{
    if (metric_is_time(metric))
        exposition_seconds(exposition, value);
    else
        exposition_integer(exposition, value);
}

/* Whether somebody has a number of a set. */
static int has_number(const label_set_t *set, unsigned number)
{
    for (int d = LABEL_DIMENSIONS_MAX - 1; d >= 0; d--) {
        const dimension_t *dimension = set->dimensions[d];

        if (!dimension)
            continue;
        if (!dimension->value(number % dimension->count, 0))
            return 0;
        number /= dimension->count;
    }
    return 1;
}

static void write_labels(exposition_t *exposition, const label_set_t *set, unsigned number)
{
    unsigned left = label_count(set);

    for (int d = 0; d < LABEL_DIMENSIONS_MAX && set->dimensions[d]; d++) {
        const dimension_t *dimension = set->dimensions[d];
        unsigned value = number / (left /= dimension->count);

        number %= left;
        for (unsigned which = 0; which < LABEL_NAMES_MAX && dimension->names[which]; which++)
            exposition_label(exposition, dimension->names[which], dimension->value(value, which));
    }
}

static void write_sample(exposition_t *exposition, const metric_t *metric, unsigned number,
                         const char *ending)
{
    exposition_sample(exposition, metric, ending);
    write_labels(exposition, metric->labels, number);
}

static void write_histogram(exposition_t *exposition, const metric_t *metric, unsigned number,
                            const int64_t *cells)
{
    int64_t count = 0;
    char end[EXPOSITION_SECONDS];

    for (int bucket = 0; bucket <= METRIC_BUCKETS; bucket++) {
        count += cells[bucket];
        write_sample(exposition, metric, number, "_bucket");
        if (bucket < METRIC_BUCKETS)
            exposition_format_seconds(end, metric_buckets[bucket]);
        exposition_label(exposition, "le", bucket < METRIC_BUCKETS ? end : "+Inf");
        exposition_integer(exposition, count);
    }
    write_sample(exposition, metric, number, "_sum");
    exposition_seconds(exposition, cells[METRIC_BUCKETS + 1]);
    write_sample(exposition, metric, number, "_count");
    exposition_integer(exposition, count);
}

/* A histogram of which there is nothing has nothing in its buckets. */
static int is_nothing(const metric_t *metric, const int64_t *cells)
{
    for (size_t n = 0; n < metric->cells; n++) {
        if (cells[n] != 0)
            return 0;
    }
    return 1;
}

void exposition_counted(exposition_t *exposition, const metric_t *metric, const int64_t *sum)
{
    for (unsigned number = 0; number < label_count(metric->labels); number++) {
        const int64_t *cells = &sum[metric->first + number * metric->cells];

        if (!has_number(metric->labels, number) || (metric->labels->is_sparse && is_nothing(metric, cells)))
            continue;
        if (metric->kind == METRIC_HISTOGRAM) {
            write_histogram(exposition, metric, number, cells);
            continue;
        }
        write_sample(exposition, metric, number, NULL);
        exposition_value(exposition, metric, *cells);
    }
}

void exposition_end(exposition_t *exposition)
{
    if (exposition->is_openmetrics)
        writer_literal(exposition->writer, "# EOF\n");
}
