// SPDX-License-Identifier: MIT

import static java.lang.System.getenv;

import com.azure.core.credential.AzureKeyCredential;
import com.azure.mixedreality.remoterendering.RemoteRenderingClient;
import com.azure.mixedreality.remoterendering.RemoteRenderingClientBuilder;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/**
 * Reads numbers of calls from standard input. After so many Gets with the official client it prints
 * the CPU time of this process so far, in nanoseconds.
 */
public final class Official {
    public static void main(String[] arguments) throws Exception {
        RemoteRenderingClient client = new RemoteRenderingClientBuilder()
            .endpoint(getenv("JAVA_ENDPOINT"))
            .accountId(getenv("ACCOUNT"))
            .accountDomain(getenv("JAVA_DOMAIN"))
            .credential(new AzureKeyCredential(getenv("KEY")))
            .buildClient();
        var workers = Executors.newFixedThreadPool(Integer.parseInt(getenv("PARALLEL")));
        var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            var calls = new ArrayList<Callable<Boolean>>();
            for (int i = 0; i < Integer.parseInt(line); i++) {
                calls.add(() -> client.getSession("demo").getId().equals("demo"));
            }
            for (var call : workers.invokeAll(calls)) {
                if (!call.get()) {
                    throw new IllegalStateException("another session than the one asked for");
                }
            }
            System.out.println(system.getProcessCpuTime());
        }
        System.exit(0); // the client's threads would live on for a while
    }
}
