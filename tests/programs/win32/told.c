/* Says what it is told of its container, a line for each answer. Its words are names of which it has SIDs derived: c:CAPABILITY, p:CONTAINER. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <sddl.h>

#define LESS_PRIVILEGED ((TOKEN_INFORMATION_CLASS)46)

static HANDLE token;

static const char *text(PSID sid)
{
    static char shown[2][200];
    static int at;
    char *made = NULL;
    at = !at;
    snprintf(shown[at], sizeof shown[at], "%s", ConvertSidToStringSidA(sid, &made) ? made : "no SID");
    LocalFree(made);
    return shown[at];
}

static void *function(const char *library, const char *name)
{
    HMODULE found = LoadLibraryA(library);
    return found ? (void *)GetProcAddress(found, name) : NULL;
}

/* The answer to a question about the token, in a buffer of exactly the length that it says it takes. */
static void *ask(TOKEN_INFORMATION_CLASS about, const char *name)
{
    DWORD needed = 0, given = 0;
    BOOL early = GetTokenInformation(token, about, NULL, 0, &needed);
    DWORD error = GetLastError();
    if (early || error != ERROR_INSUFFICIENT_BUFFER) {
        printf("%s: error %lu\n", name, error);
        return NULL;
    }
    char *buffer = malloc(needed + 1);
    buffer[needed] = 77;
    if (GetTokenInformation(token, about, buffer, needed - 1, &given) || GetLastError() != ERROR_INSUFFICIENT_BUFFER || given != needed)
        printf("%s: a buffer that is too short does\n", name);
    if (!GetTokenInformation(token, about, buffer, needed, &given) || given != needed || buffer[needed] != 77)
        printf("%s: a buffer of the right length does not do\n", name);
    return buffer;
}

static void number(TOKEN_INFORMATION_CLASS about, const char *name)
{
    DWORD *value = ask(about, name);
    if (value)
        printf("%s: %lu\n", name, *value);
}

static void of_token(void)
{
    number(TokenIsAppContainer, "TokenIsAppContainer");
    number(TokenAppContainerNumber, "TokenAppContainerNumber");
    number(LESS_PRIVILEGED, "TokenIsLessPrivilegedAppContainer");
    number(TokenElevation, "TokenElevation");
    TOKEN_MANDATORY_LABEL *label = ask(TokenIntegrityLevel, "TokenIntegrityLevel");
    if (label)
        printf("TokenIntegrityLevel: %s %lx\n", text(label->Label.Sid), label->Label.Attributes);
    TOKEN_APPCONTAINER_INFORMATION *container = ask(TokenAppContainerSid, "TokenAppContainerSid");
    if (container)
        printf("TokenAppContainerSid: %s\n", container->TokenAppContainer ? text(container->TokenAppContainer) : "none");
    TOKEN_GROUPS *groups = ask(TokenCapabilities, "TokenCapabilities");
    for (DWORD at = 0; groups && at < groups->GroupCount; at++)
        printf("capability: %s %lx\n", text(groups->Groups[at].Sid), groups->Groups[at].Attributes);
    /* What is not answered anew is Wine's. */
    TOKEN_USER *user = ask(TokenUser, "TokenUser");
    printf("TokenUser: %s\n", user && IsValidSid(user->User.Sid) ? "there" : "none");
    HANDLE was = token;
    DWORD value, needed;
    token = (HANDLE)(ULONG_PTR)0x7770;
    BOOL done = GetTokenInformation(token, TokenIsAppContainer, &value, sizeof value, &needed);
    printf("no token: %d %lu\n", done, GetLastError());
    token = was;
}

static void of_package(const char *library, const char *name, BOOL of_a_process)
{
    LONG(WINAPI * current)(UINT32 *, WCHAR *) = function(library, name);
    LONG(WINAPI * process)(HANDLE, UINT32 *, WCHAR *) = (void *)current;
    UINT32 length = 0, given;
    WCHAR buffer[512];
#define CALL(length, buffer) (of_a_process ? process(GetCurrentProcess(), length, buffer) : current(length, buffer))
    if (!current) {
        printf("%s: not there\n", name);
        return;
    }
    LONG error = CALL(&length, NULL);
    if (error != ERROR_INSUFFICIENT_BUFFER) {
        printf("%s: error %ld\n", name, error);
        return;
    }
    given = length - 1;
    if (CALL(&given, buffer) != ERROR_INSUFFICIENT_BUFFER || given != length)
        printf("%s: a buffer that is too short does\n", name);
    error = CALL(&given, buffer);
    printf("%s: %ls%s\n", name, error ? L"error" : buffer, !error && lstrlenW(buffer) + 1 != (int)length ? " of another length" : "");
    if (of_a_process)
        printf("%s of none: error %ld\n", name, process((HANDLE)(ULONG_PTR)0x7770, &given, buffer));
}

struct package_id {
    UINT32 reserved, architecture;
    UINT64 version;
    WCHAR *name, *publisher, *resource_id, *publisher_id;
};

static void package_id(void)
{
    LONG(WINAPI * id)(UINT32 *, BYTE *) = function("kernel32.dll", "GetCurrentPackageId");
    UINT32 length = 0;
    LONG error = id(&length, NULL);
    struct package_id *found = error == ERROR_INSUFFICIENT_BUFFER ? malloc(length) : NULL;
    if (found && !(error = id(&length, (BYTE *)found)))
        printf("GetCurrentPackageId: %u %llx %ls %ls %ls %ls\n", found->architecture, found->version, found->name, found->publisher,
               found->resource_id ? found->resource_id : L"-", found->publisher_id);
    else
        printf("GetCurrentPackageId: error %ld\n", error);
}

static void of_container(void)
{
    HRESULT(WINAPI * folder)(const WCHAR *, WCHAR **) = function("userenv.dll", "GetAppContainerFolderPath");
    BOOL(WINAPI * objects)(HANDLE, PSID, ULONG, WCHAR *, ULONG *) = function("kernel32.dll", "GetAppContainerNamedObjectPath");
    void(WINAPI * task_free)(void *) = function("ole32.dll", "CoTaskMemFree");
    WCHAR *path = NULL, sid[200], buffer[200];
    TOKEN_APPCONTAINER_INFORMATION *container = ask(TokenAppContainerSid, "TokenAppContainerSid");
    if (folder && container) {
        swprintf(sid, 200, L"%hs", text(container->TokenAppContainer));
        HRESULT result = folder(sid, &path);
        printf("GetAppContainerFolderPath: %lx %ls\n", result, path ? path : L"-");
        if (path) {
            swprintf(buffer, 200, L"%ls\\made.txt", path);
            HANDLE file = CreateFileW(buffer, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
            printf("its folder: %s\n", file != INVALID_HANDLE_VALUE ? "can be written" : "can not be written");
            CloseHandle(file);
            task_free(path);
            printf("heap: %s\n", HeapValidate(GetProcessHeap(), 0, NULL) ? "whole" : "broken");
        }
        printf("GetAppContainerFolderPath of another: %lx\n", folder(L"S-1-15-2-1-2-3-4-5-6-7", &path));
        printf("GetAppContainerFolderPath of none: %lx\n", folder(NULL, &path));
    }
    ULONG needed = 0;
    if (objects && !objects(NULL, NULL, 0, NULL, &needed) && GetLastError() == ERROR_INSUFFICIENT_BUFFER && needed < 200
        && objects(token, NULL, needed, buffer, &needed))
        printf("GetAppContainerNamedObjectPath: %ls %s\n", buffer, lstrlenW(buffer) + 1 == (int)needed ? "whole" : "of another length");
    else
        printf("GetAppContainerNamedObjectPath: error\n");
}

static void derived(const char *word)
{
    BOOL(WINAPI * capability)(const WCHAR *, PSID **, DWORD *, PSID **, DWORD *) = function("kernelbase.dll", "DeriveCapabilitySidsFromName");
    HRESULT(WINAPI * container)(const WCHAR *, PSID *) = function("userenv.dll", "DeriveAppContainerSidFromAppContainerName");
    BOOL(WINAPI * check)(HANDLE, PSID, BOOL *) = function("kernel32.dll", "CheckTokenCapability");
    WCHAR name[200];
    PSID *groups, *sids, sid;
    DWORD count[2];
    swprintf(name, 200, L"%hs", word + 2);
    if (word[0] == 'p') {
        HRESULT result = container ? container(name, &sid) : E_NOTIMPL;
        printf("%s: %lx %s\n", word, result, result ? "-" : text(sid));
        if (!result)
            FreeSid(sid);
    } else if (capability && capability(name, &groups, &count[0], &sids, &count[1]) && count[0] == 1 && count[1] == 1) {
        BOOL has = 7, checked = check && check(NULL, sids[0], &has);
        printf("%s: %s %s %d\n", word, text(sids[0]), text(groups[0]), checked ? has : -1);
        LocalFree(groups[0]), LocalFree(groups), LocalFree(sids[0]), LocalFree(sids);
    } else {
        printf("%s: error\n", word);
    }
}

/* Every name in a library's table of exports leads to something, and they stand in their order. */
static void exports(const char *library)
{
    BYTE *base = (BYTE *)GetModuleHandleA(library);
    IMAGE_NT_HEADERS *header = (IMAGE_NT_HEADERS *)(base + ((IMAGE_DOS_HEADER *)base)->e_lfanew);
    IMAGE_EXPORT_DIRECTORY *table = (IMAGE_EXPORT_DIRECTORY *)(base + header->OptionalHeader.DataDirectory[0].VirtualAddress);
    DWORD *names = (DWORD *)(base + table->AddressOfNames), unordered = 0, missing = 0;
    for (DWORD at = 0; at < table->NumberOfNames; at++) {
        const char *name = (const char *)base + names[at];
        if (at && strcmp((const char *)base + names[at - 1], name) >= 0)
            unordered++;
        if (!GetProcAddress((HMODULE)base, name))
            missing++;
    }
    printf("%s: %s, %lu out of order, %lu missing\n", library, table->NumberOfNames > 1000 ? "large" : "small", unordered, missing);
}

int main(int count, char **words)
{
    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token);
    of_token();
    of_package("kernel32.dll", "GetCurrentPackageFullName", FALSE);
    of_package("kernelbase.dll", "GetCurrentPackageFamilyName", FALSE);
    of_package("kernel32.dll", "GetCurrentPackagePath", FALSE);
    of_package("kernel32.dll", "GetCurrentApplicationUserModelId", FALSE);
    of_package("api-ms-win-appmodel-runtime-l1-1-0.dll", "GetPackageFullName", TRUE);
    of_package("kernel32.dll", "GetPackageFamilyName", TRUE);
    of_package("kernel32.dll", "GetApplicationUserModelId", TRUE);
    package_id();
    of_container();
    exports("kernelbase.dll");
    exports("kernel32.dll");
    for (int at = 1; at < count; at++)
        derived(words[at]);
    return 0;
}
