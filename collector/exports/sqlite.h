/*
 * sqlite.h: a recording as a SQLite file with nsys's tables (schema 3.24.14), which `nsys stats`, `nsys
 * analyze` and scripts written for nsys read. Fed like a report (report.h), whose argument is the path of the
 * file to be made.
 */
#ifndef COLLECTOR_EXPORT_SQLITE_H
#define COLLECTOR_EXPORT_SQLITE_H

#include "collector/report.h"

extern const struct report export_sqlite;

#endif
