/* Reads JSON: one flat object of strings, numbers, true, false, null and arrays of numbers. */

#ifndef JSON_H
#define JSON_H

#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 16

struct field {
    char *name;
    char *text; /* A string without escapes; of anything else, its source. */
    int is_string;
};

struct object {
    struct field fields[MAX_FIELDS];
    int count;
};

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
        at++;
    }
    return at;
}

static char *put_utf8(char *to, unsigned long point)
{
    if (point < 0x80) {
        *to++ = (char)point;
    } else if (point < 0x800) {
        *to++ = (char)(0xc0 | point >> 6);
        *to++ = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        *to++ = (char)(0xe0 | point >> 12);
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    } else {
        *to++ = (char)(0xf0 | point >> 18);
        *to++ = (char)(0x80 | (point >> 12 & 0x3f));
        *to++ = (char)(0x80 | (point >> 6 & 0x3f));
        *to++ = (char)(0x80 | (point & 0x3f));
    }
    return to;
}

static int read_hex4(const char *at, unsigned long *value)
{
    *value = 0;
    for (int ix = 0; ix < 4; ix++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = at[ix] ? strchr(digits, at[ix] | 0x20) : NULL;
        if (!digit) {
            return 0;
        }
        *value = *value << 4 | (unsigned long)(digit - digits);
    }
    return 1;
}

/* Reads the string whose opening quote is at `at`. Returns what follows it, or NULL. No escape is
 * shorter than what it stands for, so the text fits into as many bytes as its source. */
static const char *read_string(const char *at, char **text)
{
    char *to = *text = malloc(strlen(at) + 1);
    if (!to || *at++ != '"') {
        return NULL;
    }
    while (*at && *at != '"') {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        at++;
        unsigned long point, low;
        switch (*at++) {
        case '"': *to++ = '"'; break;
        case '\\': *to++ = '\\'; break;
        case '/': *to++ = '/'; break;
        case 'b': *to++ = '\b'; break;
        case 'f': *to++ = '\f'; break;
        case 'n': *to++ = '\n'; break;
        case 'r': *to++ = '\r'; break;
        case 't': *to++ = '\t'; break;
        case 'u':
            if (!read_hex4(at, &point)) {
                return NULL;
            }
            at += 4;
            if (point >= 0xd800 && point < 0xdc00 && at[0] == '\\' && at[1] == 'u'
                && read_hex4(at + 2, &low)) {
                point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
                at += 6;
            }
            to = put_utf8(to, point);
            break;
        default: return NULL;
        }
    }
    *to = '\0';
    return *at == '"' ? at + 1 : NULL;
}

static const char *read_value(const char *at, struct field *field)
{
    field->is_string = *at == '"';
    if (field->is_string) {
        return read_string(at, &field->text);
    }
    size_t len = strcspn(at, *at == '[' ? "]" : ",}");
    len += at[len] == ']';
    field->text = strndup(at, len);
    return at + len;
}

static int read_object(const char *at, struct object *object)
{
    memset(object, 0, sizeof *object);
    at = skip_blanks(at);
    if (*at++ != '{') {
        return 0;
    }
    at = skip_blanks(at);
    while (*at && *at != '}') {
        if (object->count == MAX_FIELDS) {
            return 0;
        }
        struct field *field = &object->fields[object->count++];
        at = read_string(at, &field->name);
        at = at ? skip_blanks(at) : NULL;
        if (!at || *at++ != ':') {
            return 0;
        }
        at = read_value(skip_blanks(at), field);
        if (!at) {
            return 0;
        }
        at = skip_blanks(at);
        if (*at == ',') {
            at = skip_blanks(at + 1);
        }
    }
    return *at == '}';
}

static void free_object(struct object *object)
{
    for (int ix = 0; ix < object->count; ix++) {
        free(object->fields[ix].name);
        free(object->fields[ix].text);
    }
}

static const struct field *find(const struct object *object, const char *name)
{
    for (int ix = 0; ix < object->count; ix++) {
        if (strcmp(object->fields[ix].name, name) == 0) {
            return &object->fields[ix];
        }
    }
    return NULL;
}

/* The string `name`, or NULL if it is missing or null. */
static const char *string_of(const struct object *object, const char *name)
{
    const struct field *field = find(object, name);
    return field && field->is_string ? field->text : NULL;
}

static const char *source_of(const struct object *object, const char *name)
{
    const struct field *field = find(object, name);
    return field && field->text ? field->text : "";
}

#endif
