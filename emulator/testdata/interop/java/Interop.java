// SPDX-License-Identifier: MIT

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.AzureKeyCredential;
import com.azure.core.exception.HttpResponseException;
import com.azure.core.http.rest.PagedResponse;
import com.azure.core.util.Context;
import com.azure.core.util.polling.SyncPoller;
import com.azure.mixedreality.remoterendering.RemoteRenderingAsyncClient;
import com.azure.mixedreality.remoterendering.RemoteRenderingClient;
import com.azure.mixedreality.remoterendering.RemoteRenderingClientBuilder;
import com.azure.mixedreality.remoterendering.models.BeginSessionOptions;
import com.azure.mixedreality.remoterendering.models.RenderingSession;
import com.azure.mixedreality.remoterendering.models.RenderingSessionSize;
import com.azure.mixedreality.remoterendering.models.UpdateSessionOptions;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Leads the official client through the life of sessions and through its error cases. Standard output
 * has one line for each step. The program judges nothing: that is left to its reader.
 */
public final class Interop {
    private static final Duration POLLING_INTERVAL = Duration.ofMillis(50);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    public static void main(String[] arguments) {
        RemoteRenderingClient client = Connect.client(); // the line that arr emulator --help prints
        life(client);
        asynchronousLife(builder().buildAsyncClient());
        refusals(client);
        pages(client);
        signIns();
        System.exit(0); // the client's threads would live on for a while
    }

    private static void life(RemoteRenderingClient client) {
        SyncPoller<RenderingSession, RenderingSession> poller = client.beginSession("java-1", lease(4));
        poller.setPollInterval(POLLING_INTERVAL);
        step("create", () -> poller.poll().getStatus());
        step("wait", () -> tell(poller.waitForCompletion(PATIENCE).getValue()));
        step("get", () -> tell(client.getSession("java-1")));
        step("update", () -> tell(client.updateSession("java-1", extension(5))));
        step("list", () -> client.listSessions().stream().map(RenderingSession::getId).toList());
        step("conflict", () -> client.beginSession("java-1", lease(9)).poll());
        step("shorten", () -> client.updateSession("java-1", extension(3)));
        step("stop", () -> client.endSessionWithResponse("java-1", Context.NONE).getStatusCode());
        step("get stopped", () -> client.getSession("java-1").getStatus());
    }

    private static void asynchronousLife(RemoteRenderingAsyncClient client) {
        step("async create", () -> tell(client.beginSession("java-2", lease(4))
            .setPollInterval(POLLING_INTERVAL).last().block(PATIENCE).getValue()));
        step("async get", () -> tell(client.getSession("java-2").block()));
        step("async update", () -> tell(client.updateSession("java-2", extension(5)).block()));
        step("async list", () -> client.listSessions().map(RenderingSession::getId).collectList().block());
        step("async conflict", () -> client.beginSession("java-2", lease(9)).blockLast(PATIENCE));
        step("async shorten", () -> client.updateSession("java-2", extension(3)).block());
        step("async stop", () -> client.endSessionWithResponse("java-2").block().getStatusCode());
        step("async get stopped", () -> client.getSession("java-2").block().getStatus());
        step("async get unknown", () -> client.getSession("nothing").block());
    }

    private static void refusals(RemoteRenderingClient client) {
        step("get unknown", () -> client.getSession("nothing"));
        step("update unknown", () -> client.updateSession("nothing", extension(5)));
        step("stop unknown", () -> client.endSessionWithResponse("nothing", Context.NONE));
        step("malformed id", () -> client.getSession("no.thing"));
    }

    private static void pages(RemoteRenderingClient client) {
        for (int i = 0; i < 5; i++) {
            client.beginSession("page-" + i, lease(4)).poll();
        }
        List<Integer> sizes = new ArrayList<>();
        step("pages", () -> {
            for (PagedResponse<RenderingSession> page : client.listSessions().iterableByPage()) {
                sizes.add(page.getValue().size());
            }
            return sizes;
        });
        step("async pages", () -> builder().buildAsyncClient().listSessions().byPage()
            .map(page -> page.getValue().size()).collectList().block(PATIENCE));
    }

    private static void signIns() {
        String token = System.getenv("ARR_ACCESS_TOKEN");
        OffsetDateTime expiry = OffsetDateTime.now().plusHours(1);
        AzureKeyCredential wrong = new AzureKeyCredential("wrong");
        step("wrong key", () -> builder().credential(wrong).buildClient().getSession("java-1"));
        step("async wrong key",
            () -> builder().credential(wrong).buildAsyncClient().getSession("java-1").block());
        step("token", () -> withoutKey().accessToken(new AccessToken(token, expiry)).buildClient()
            .getSession("java-1").getStatus());
        step("async token", () -> withoutKey().accessToken(new AccessToken(token, expiry))
            .buildAsyncClient().getSession("java-1").block().getStatus());
        step("damaged token", () -> withoutKey().accessToken(new AccessToken(token + "x", expiry))
            .buildClient().getSession("java-1"));
    }

    private static RemoteRenderingClientBuilder withoutKey() {
        return new RemoteRenderingClientBuilder()
            .endpoint(System.getenv("ARR_ENDPOINT"))
            .accountId(System.getenv("ARR_ACCOUNT_ID"))
            .accountDomain(System.getenv("ARR_STS_ENDPOINT").replace("https://sts.", ""));
    }

    private static RemoteRenderingClientBuilder builder() {
        return withoutKey().credential(new AzureKeyCredential(System.getenv("ARR_ACCOUNT_KEY")));
    }

    private static BeginSessionOptions lease(int minutes) {
        return new BeginSessionOptions()
            .setSize(RenderingSessionSize.STANDARD).setMaxLeaseTime(Duration.ofMinutes(minutes));
    }

    private static UpdateSessionOptions extension(int minutes) {
        return new UpdateSessionOptions().maxLeaseTime(Duration.ofMinutes(minutes));
    }

    private static String tell(RenderingSession s) {
        return String.format("%s %s %s %d min, host %b, ports %b", s.getId(), s.getSize(), s.getStatus(),
            s.getMaxLeaseTime().toMinutes(), s.getHostname() != null && !s.getHostname().isEmpty(),
            s.getHandshakePort() > 0 && s.getArrInspectorPort() > 0);
    }

    /** Prints what a step returned, or the status of the answer that made it fail. */
    private static void step(String name, Callable<?> call) {
        String outcome;
        try {
            outcome = String.valueOf(call.call());
        } catch (Exception e) {
            Throwable cause = e;
            while (cause != null && !(cause instanceof HttpResponseException)) {
                cause = cause.getCause();
            }
            outcome = cause instanceof HttpResponseException refused
                ? "refused with " + refused.getResponse().getStatusCode() : "failed: " + e;
        }
        System.out.println(name + ": " + outcome);
    }
}
