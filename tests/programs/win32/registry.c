/* Reads and sets text in the registry: l:KEY!NAME is a value of HKEY_LOCAL_MACHINE, u:KEY!NAME of HKEY_CURRENT_USER, and with =TEXT
   behind it is set. What stands in a file is read too: f:PATH. */
#include <stdio.h>
#include <string.h>
#include <windows.h>

static void file(const char *path)
{
    char text[200] = "";
    FILE *file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file))
        printf("none\n");
    else
        printf("%s\n", strtok(text, "\r\n"));
    if (file)
        fclose(file);
}

int main(int count, char **words)
{
    for (int at = 1; at < count; at++) {
        char *word = words[at], *key_name = word + 2, *name = strchr(word, '!'), *text = name ? strchr(name, '=') : NULL;
        printf("%s: ", word);
        if (*word == 'f') {
            file(key_name);
            continue;
        }
        HKEY root = *word == 'l' ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER, key;
        char data[70000] = "";
        DWORD size = sizeof data - 1, kind = 0;
        LONG failed;
        *name++ = 0;
        if (text) {
            *text++ = 0;
            failed = RegCreateKeyExA(root, key_name, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
            failed = failed ? failed : RegSetValueExA(key, name, 0, REG_SZ, (BYTE *)text, strlen(text) + 1);
            printf(failed ? "no\n" : "set\n");
            continue;
        }
        failed = RegOpenKeyExA(root, key_name, 0, KEY_READ, &key);
        failed = failed ? failed : RegQueryValueExA(key, name, NULL, &kind, (BYTE *)data, &size);
        if (failed)
            printf("none\n");
        else if (kind == REG_SZ || kind == REG_EXPAND_SZ)
            printf("%s\n", data);
        else
            printf("%lu of %lu bytes\n", kind, size);
    }
    return 0;
}
