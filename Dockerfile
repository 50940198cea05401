# proxypal serve, as a user without rights, with its data in /data.
#   docker build -t proxypal .
#   docker run -d --name proxypal -v proxypal-data:/data -p 127.0.0.1:8318:8318 proxypal
# It listens on all addresses of the container, so every client must show a token. It is made at
# the first start: docker exec proxypal cat /data/access.token (or give one: --token-file FILE).
# Beside CLIProxyAPI: compose.example.yaml.
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/proxypal && /opt/proxypal/bin/pip install --no-cache-dir .

FROM python:3.13-slim
COPY --from=build /opt/proxypal /opt/proxypal
ENV PATH=/opt/proxypal/bin:$PATH PROXYPAL_HOME=/data PYTHONUNBUFFERED=1
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
USER 10001:10001
VOLUME /data
EXPOSE 8318
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-c", "import urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:8318/healthz', timeout=4)"]
ENTRYPOINT ["proxypal"]
CMD ["serve", "--host", "0.0.0.0", "--no-browser"]
