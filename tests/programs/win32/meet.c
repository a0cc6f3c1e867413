/* Does what each of its words says: for programs that meet in one container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static HKEY key(void)
{
    HKEY key;
    RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Lowbox Test", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    return key;
}

/* Starts a program of Linux's in Python, which goes on by itself. */
static void python(const char *script)
{
    char line[2048];
    snprintf(line, sizeof line, "python3 -c \"%s\"", script);
    STARTUPINFOA start = { sizeof start };
    PROCESS_INFORMATION child;
    BOOL done = CreateProcessA("\\\\?\\unix\\usr\\bin\\python3", line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child);
    puts(done ? "started" : "not started");
}

/* Starts itself, with these words, as a program that goes on by itself. */
static void leave(const char *words, BOOL with_output)
{
    char own[MAX_PATH], line[2 * MAX_PATH];
    GetModuleFileNameA(NULL, own, sizeof own);
    snprintf(line, sizeof line, "\"%s\" %s", own, words);
    STARTUPINFOA start = { sizeof start };
    PROCESS_INFORMATION child;
    puts(CreateProcessA(NULL, line, NULL, NULL, with_output, with_output ? 0 : DETACHED_PROCESS, NULL, NULL, &start, &child) ? "left" : "alone");
}

static void write_file(const char *path)
{
    FILE *file = fopen(path, "w");
    if (file) {
        fputs("written", file);
        fclose(file);
    }
}

int main(int count, char **words)
{
    char line[512];
    for (int at = 1; at < count; at++) {
        char *word = words[at], *colon = strchr(word, ':');
        const char *rest = colon ? colon + 1 : "";
        if (colon)
            *colon = 0;
        if (!strcmp(word, "wait")) {
            HANDLE event = CreateEventA(NULL, TRUE, FALSE, rest);
            puts(WaitForSingleObject(event, 30000) == WAIT_OBJECT_0 ? "told" : "not told");
        } else if (!strcmp(word, "tell")) {
            HANDLE event = NULL;
            for (int tries = 0; !event && tries < 300; tries++, Sleep(event ? 0 : 100))
                event = OpenEventA(EVENT_ALL_ACCESS, FALSE, rest);
            puts(event && SetEvent(event) ? "tells" : "nobody");
        } else if (!strcmp(word, "key")) {
            DWORD value = atoi(rest);
            RegSetValueExA(key(), "Meet", 0, REG_DWORD, (BYTE *)&value, sizeof value);
        } else if (!strcmp(word, "value")) {
            DWORD value = 0, size = sizeof value;
            RegQueryValueExA(key(), "Meet", NULL, NULL, (BYTE *)&value, &size);
            printf("value %lu\n", value);
        } else if (!strcmp(word, "read")) {
            FILE *file = fopen(rest, "r");
            if (!file || !fgets(line, sizeof line, file))
                strcpy(line, "no\n");
            printf("%s", line);
            if (file)
                fclose(file);
        } else if (!strcmp(word, "write")) {
            write_file(rest);
        } else if (!strcmp(word, "in")) {
            printf("in %s", fgets(line, sizeof line, stdin) ? line : "nothing\n");
        } else if (!strcmp(word, "variable")) {
            const char *value = getenv(rest);
            printf("variable %s\n", value ? value : "");
        } else if (!strcmp(word, "sleep")) {
            Sleep(atoi(rest));
        } else if (!strcmp(word, "leave")) {
            leave(rest, FALSE);
        } else if (!strcmp(word, "python")) {
            python(rest);
        } else if (!strcmp(word, "leave-writing")) {
            leave("pour", TRUE);
        } else if (!strcmp(word, "pour")) {
            for (;;)
                puts("pouring");
        } else if (!strcmp(word, "exit")) {
            return atoi(rest);
        }
        fflush(stdout);
    }
    return 0;
}
